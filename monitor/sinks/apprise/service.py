"""The only file that knows the Apprise library (2.x): one URL made ready, and one blocking send through it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from monitor.fields import Secret
from monitor.fields.markdown import escape
from monitor.model import Delivery, Outcome, Receipt, Severity, Text
from monitor.sinks.apprise.answers import receipt_of
from monitor.sinks.apprise.dialects import dialect_of, has_heading, in_dialect, in_words
from monitor.sinks.apprise.ear import Ear
from monitor.sinks.apprise.fitting import fitted_body, fitted_title, longest_piece
from monitor.sinks.apprise.mail import Mail, is_mail
from monitor.sinks.apprise.place import place_in
from monitor.sinks.apprise.verdict import judge
from monitor.sinks.options import Place

_TYPES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


class Service:
    """One instance of an Apprise plugin, for one thread at a time (plugins keep state between sends)."""

    def __init__(self, url: Secret, timeout: float) -> None:
        """Raises ValueError, without the URL, where it is not exactly one that Apprise takes."""
        self._url = url
        self._apprise: Any = _load()
        self._plugin = _instantiate(self._apprise, url.reveal())
        _tame(self._apprise, self._plugin, url.reveal(), timeout)
        self._dialect = dialect_of(self._plugin)
        self._ear = Ear(self._plugin, self._dialect) if self._dialect else None
        self._mail = Mail(self._plugin) if is_mail(self._plugin) else None
        self._longest = self._plugin.body_maxlen
        self._sender = self._apprise.Apprise(asset=self._plugin.asset)
        self._sender.add(self._plugin)

    @property
    def name(self) -> str:
        return str(self._plugin.service_name or "the service")

    def send(self, delivery: Delivery, taken: set[object]) -> Receipt:
        """Blocks until the plugin is done. Never raises for what the service or the network does. What is in `taken`
        (addresses, pieces of a long text) is not sent, and what arrives is put into it."""
        text, severity = delivery.notification.text, delivery.notification.severity
        if self._mail is not None:
            self._mail.begin(delivery.id, text.title)
        markdown = self._apprise.NotifyFormat.MARKDOWN
        # A service that wants HTML gets it made from the plain text: from Markdown, HTML in a name would pass through.
        rich = bool(text.markdown) and self._plugin.resolve_format(markdown) is markdown
        title, body = self._words(text, rich=rich)
        if self._ear is not None:
            self._ear.begin(taken)
        with (
            _remembering(taken),
            self._sender.notify(
                title=title,
                body=body,
                notify_type=_TYPES[severity],
                body_format=markdown if rich else self._apprise.NotifyFormat.TEXT,
                log_level=logging.DEBUG,
            ) as result,
        ):
            return self._receipt(result)

    def _words(self, text: Text, *, rich: bool) -> tuple[str, str]:
        """Title and body in the service's own way, and of a length that it takes."""
        plugin = self._plugin

        def said(words: str) -> str:
            return in_dialect(words, plugin) if rich else in_words(words, plugin)

        body = said(text.markdown if rich else text.plain) or said(escape(text.title) if rich else text.title)
        whole = said(escape(text.title) if rich else text.title)
        # Where there is no title it becomes the body's first line, and so Markdown.
        merged, inside = plugin.title_maxlen <= 0, plugin.title_maxlen <= 0 or has_heading(plugin)
        title, body = fitted_title(whole if rich and inside else text.title, body, plugin.title_maxlen, whole)
        if merged:
            title = whole
        # DingTalk's title stands in each message twice: as its name and as its heading.
        beside, shown = ("", f"{title}\r\n") if merged else (2 * title, "")
        plugin.body_maxlen = longest_piece(shown + body, self._dialect, self._longest, beside)
        return title, fitted_body(body, plugin.body_maxlen, len(shown))

    def _receipt(self, result: Any) -> Receipt:
        if result:
            return Receipt(outcome=Outcome.DELIVERED, detail=f"taken by {self.name}")
        if result.status.name == "TIMEOUT":
            return Receipt(outcome=Outcome.UNKNOWN, detail=f"{self.name} did not answer in time")
        if self._ear is not None and self._ear.refusals:
            return receipt_of(self.name, self._ear.refusals, self._url.reveal())
        lines = [(entry.level, entry.message) for entry in result.logs()]
        warnings = [message for level, message in lines if level in ("WARNING", "ERROR", "CRITICAL")]
        causes = [message for level, message in lines if level == "DEBUG" and "xception" in message]
        return judge(self.name, warnings, causes, self._url.reveal())


@contextmanager
def _remembering(taken: set[object]) -> Iterator[None]:
    """Plugins ask there what an earlier attempt did already. Apprise fills it for its own retries, which are off. A
    version that has no such thing sends everything again."""
    tracker = getattr(import_module("apprise.plugins.base"), "_delivery_tracker", None)
    if tracker is None:
        yield
        return
    token = tracker.set(taken)
    try:
        yield
    finally:
        tracker.reset(token)


def place_of(url: Secret) -> Place | None:
    """Where messages to this URL go, where that can be told. Raises ValueError like `Service`."""
    text = url.reveal()
    return place_in(_instantiate(_load(), text), text.partition("://")[0].lower())


def _load() -> Any:
    """Imports Apprise and keeps its log, and that of its HTTP library, to itself: both write whole URLs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its plugins import modules that later Pythons drop
        apprise = import_module("apprise")
        import_module("apprise.manager_plugins").NotificationManager().load_modules()
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)  # what a send logs is captured per call; the causes are logged at this level only
    if not any(isinstance(each, logging.NullHandler) for each in logger.handlers):
        logger.addHandler(logging.NullHandler())
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return apprise


def _instantiate(apprise: Any, url: str) -> Any:
    if len(import_module("apprise.utils.parse").parse_urls(url)) > 1:
        raise ValueError("holds more than one Apprise URL; make a sink of each")
    asset = apprise.AppriseAsset(
        app_id="Training Monitor",
        app_desc="Training Monitor",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,  # else it sends in a pool of six threads that the whole process shares
        http_redirects=False,  # a followed 302 turns a POST into a GET, whose 200 reads as "delivered"
        service_timeout=0,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
    )
    scheme = url.partition("://")[0] if "://" in url else ""
    try:
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=False)
    except Exception:  # each plugin raises its own kinds; their texts may hold pieces of the URL
        plugin = None
    if plugin is None and scheme.isalnum():
        raise ValueError(f"is no URL that Apprise takes; check what {scheme}:// needs in the Apprise wiki")
    if plugin is None:
        raise ValueError("is no Apprise URL; it starts with a service's name, like slack:// or mailtos://")
    return plugin


def _tame(apprise: Any, plugin: Any, url: str, timeout: float) -> None:
    """Retry, pace and outcome are delivery's business: what the URL may say of them is put aside."""
    plugin.retry = 0
    plugin.optional = False  # an optional service's failure would read as success
    plugin.request_rate_per_sec = 0
    if "overflow=" not in url:
        plugin.overflow_mode = apprise.OverflowMode.SPLIT
    if "rto=" not in url:
        plugin.socket_read_timeout = timeout
    if "cto=" not in url:
        plugin.socket_connect_timeout = min(timeout, max(10.0, type(plugin).socket_connect_timeout))
