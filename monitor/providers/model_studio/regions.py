"""Which region an endpoint lies in, by its host; prices, events and the console's address depend on it."""

from __future__ import annotations

import re

_REGIONS = {
    "dashscope.aliyuncs.com": "cn-beijing",
    "dashscope-intl.aliyuncs.com": "ap-southeast-1",
    "dashscope-us.aliyuncs.com": "us-east-1",
    "cn-hongkong.dashscope.aliyuncs.com": "cn-hongkong",
}
"""Reference: section 4. The newer hosts, `{workspace}.{region}.maas.aliyuncs.com`, bear their region."""


def region_of(host: str) -> str | None:
    newer = re.fullmatch(r"[^.]+\.([a-z0-9-]+)\.maas\.aliyuncs\.com", host)
    return newer.group(1) if newer else _REGIONS.get(host)
