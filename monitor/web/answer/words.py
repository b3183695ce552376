"""What the page says, in both languages of the status page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Training Monitor: answer a message",
        "rule": "Rule",
        "told": "Told",
        "open": "Nobody has acknowledged it yet.",
        "acknowledged": "Acknowledged by {by}.",
        "acknowledged.at": "Acknowledged by {by} at {at}.",
        "snoozed": "Put off by {by} until {until}.",
        "over": "Nothing more will be sent of it by itself: it is over, or everybody was told.",
        "about": "Acknowledged: no more reminders of it, and nobody else is called. "
        "Snoozed: it is told again then, if it still is so.",
        "about.over": "Acknowledge it, so that others see that somebody knows of it.",
        "name": "Your name (optional)",
        "ack": "Acknowledge",
        "1h": "Snooze 1 hour",
        "4h": "Snooze 4 hours",
        "1d": "Snooze 1 day",
        "refused": "That was not done: {why}",
        "expired": "This link has expired.",
        "expired.why": "Links are good for 7 days. Answer a newer message, or use the command: "
        "training-monitor notifications ack",
        "ended": "This link was ended.",
        "ended.why": "Whoever looks after Training Monitor has ended all links that were sent so far. Answer a newer "
        "message, or use the command: training-monitor notifications ack",
        "unknown": "This link leads to no message.",
        "unknown.why": "It was cut or changed on its way, or the message is no longer there. Copy the whole link, or "
        "use the command: training-monitor notifications list",
        "often": "This message was answered too often by its link.",
        "often.why": "Use the command: training-monitor notifications ack",
    },
    "zh": {
        "title": "训练监控：回应消息",
        "rule": "规则",
        "told": "通知时间",
        "open": "尚无人确认。",
        "acknowledged": "已由 {by} 确认。",
        "acknowledged.at": "已由 {by} 于 {at} 确认。",
        "snoozed": "已由 {by} 推迟到 {until}。",
        "over": "不会再自动发送相关消息：事情已结束，或所有人均已通知。",
        "about": "确认后不再提醒，也不再通知其他人。推迟后，若情况依旧，届时会再次通知。",
        "about.over": "仍可确认，以便他人知道已有人知晓。",
        "name": "您的姓名（可选）",
        "ack": "确认",
        "1h": "推迟 1 小时",
        "4h": "推迟 4 小时",
        "1d": "推迟 1 天",
        "refused": "操作未完成：{why}",
        "expired": "此链接已过期。",
        "expired.why": "链接有效期为 7 天。请回应较新的消息，或使用命令：training-monitor notifications ack",
        "ended": "此链接已作废。",
        "ended.why": "维护训练监控的人员已使此前发送的所有链接作废。请回应较新的消息，"
        "或使用命令：training-monitor notifications ack",
        "unknown": "此链接没有对应的消息。",
        "unknown.why": "链接可能被截断或更改，或消息已不存在。请复制完整链接，"
        "或使用命令：training-monitor notifications list",
        "often": "此消息通过链接回应的次数过多。",
        "often.why": "请使用命令：training-monitor notifications ack",
    },
}
