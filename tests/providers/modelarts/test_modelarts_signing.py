"""SDK-HMAC-SHA256 against vectors that the vendor's own signer made."""

from __future__ import annotations

import pytest

from monitor.providers.modelarts.signing import canonical_path, query_string, sign

SEARCH = b'{"offset":0,"limit":50}'
VECTORS = [
    (
        "GET",
        "/v1/p1/resourceflavors",
        [("limit", "500"), ("continue", "a b/+=&")],
        b"",
        {"X-Project-Id": "p1"},
        "8810d5cc5e7a3e2371f7b45dd7ba7dfb8b935fdf71208722c9cde103b05c773d",
    ),
    (
        "POST",
        "/v2/p1/training-job-searches",
        [],
        SEARCH,
        {"X-Project-Id": "p1"},
        "15deb5e66b2369d9947e1fce15aa8368ad8c45eaa86b1ec407bc25bbb817ed9c",
    ),
    (
        "DELETE",
        "/v2/p1/training-jobs/j1",
        [],
        b"",
        {"X-Security-Token": "st"},
        "e5d004126ee04534f5b87aeff068d009b6bb35a642d1315375975d73482ca56c",
    ),
]


@pytest.mark.parametrize(("method", "path", "query", "body", "extra", "expected"), VECTORS)
def test_the_signature_is_the_one_of_the_official_signer(
    method: str, path: str, query: list[tuple[str, str]], body: bytes, extra: dict[str, str], expected: str
) -> None:
    headers = sign(
        "AKEXAMPLE",
        "SKEXAMPLE",
        method=method,
        host="modelarts.example.test",
        path=path,
        query=query,
        headers={"Content-Type": "application/json", **extra},
        body=body,
        date="20260102T030405Z",
    )
    names = ";".join(sorted(["content-type", "host", "x-sdk-date", *(name.lower() for name in extra)]))
    assert headers["Authorization"] == (
        f"SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders={names}, Signature={expected}"
    )
    assert headers["X-Sdk-Date"] == "20260102T030405Z"


def test_the_query_is_sorted_and_encoded_as_it_is_signed() -> None:
    assert query_string([("limit", "500"), ("continue", "a b/+=&"), ("a", "~é")]) == (
        "a=~%C3%A9&continue=a%20b%2F%2B%3D%26&limit=500"
    )


def test_the_signed_path_ends_with_a_slash_and_is_not_encoded_twice() -> None:
    assert canonical_path("/v2/p1/a%20b") == "/v2/p1/a%20b/"
    assert canonical_path("/v2/p1/") == "/v2/p1/"


def test_a_body_that_is_not_json_is_announced_as_unsigned() -> None:
    headers = sign(
        "A",
        "S",
        method="POST",
        host="h",
        path="/",
        headers={"Content-Type": "text/plain"},
        body=b"x",
        date="20260102T030405Z",
    )
    assert headers["X-Sdk-Content-Sha256"] == "UNSIGNED-PAYLOAD"
    assert "x-sdk-content-sha256" in headers["Authorization"]
