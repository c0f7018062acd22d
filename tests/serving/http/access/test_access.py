"""A running service answers its own page and its clients, and refuses everything else."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.programs import run_program
from tests.serving.live.client import address
from tests.serving.server import PATIENCE_S, VIDEOS, Server, write_params

ANNA, BEN, CARL = "anna-" + "a" * 24, "ben-" + "b" * 24, "carl-" + "c" * 24
SESSION = "/api/v1/session"


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, pose_model: Path, clip: Path
) -> Iterator[Server]:
    """A service with three tokens and a proxy that names users."""
    del pose_model  # needed by the service
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tokens").write_text(f"anna:{ANNA}\nben:{BEN}\ncarl:{CARL}:admin\n")
    params = write_params(
        folder,
        tiny_model,
        tokens_file="tokens",
        proxy_user_header="X-User",
        proxy_admins=["dora"],
        demo_video=str(clip),
    )
    server = Server(params).start()
    yield server
    server.close()
    log = server.log.read_text()
    assert "Traceback" not in log
    assert not [token for token in (ANNA, BEN, CARL) if token in log]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def is_problem(reply: httpx.Response, status: int) -> bool:
    kind = reply.headers["content-type"]
    return reply.status_code == status == reply.json()["status"] and "problem+json" in kind


@pytest.mark.parametrize("path", ["/", "/health/live", VIDEOS, "/web/app.js"])
def test_another_host_name_is_refused(server: Server, path: str) -> None:
    """421, also for the page itself: a name that was pointed at this machine gets nothing."""
    reply = server.http.get(path, headers={"Host": f"evil.example:{server.port}"})
    assert is_problem(reply, 421)
    assert "evil.example" in reply.json()["detail"]
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1:1"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_a_change_asked_for_by_another_page_is_refused(
    server: Server, method: str, origin: str
) -> None:
    """403; `null` is what sandboxed frames send. Reading is harmless."""
    reply = server.http.request(method, f"{VIDEOS}/{'0' * 32}", headers={"Origin": origin})
    assert is_problem(reply, 403)
    own = server.http.request("DELETE", f"{VIDEOS}/{'0' * 32}", headers={"Origin": server.url})
    assert own.status_code == 404
    assert server.http.get(VIDEOS, headers={"Origin": origin}).status_code == 200


def test_a_websocket_under_another_name_is_refused(server: Server) -> None:
    """With 421 and 403 as for any other request."""
    evil = address(server).replace("127.0.0.1", "evil.example")
    for url, origin, status in ((evil, None, 421), (address(server), Origin("null"), 403)):
        here = socket.create_connection(("127.0.0.1", server.port))
        with pytest.raises(InvalidStatus) as caught:
            connect(url, sock=here, origin=origin)
        assert caught.value.response.status_code == status


def test_nothing_but_the_page_and_health_is_there_for_strangers(guarded: Server) -> None:
    """401 for every operation of the API, and for a token that is not known."""
    document = guarded.http.get("/api/v1/openapi.json", headers=bearer(ANNA)).json()
    for path, operations in document["paths"].items():
        for method in operations:
            if path.startswith("/health") or path == SESSION:
                continue
            url = re.sub("{[^}]*}", "0" * 32, path)
            assert is_problem(guarded.http.request(method, url), 401), (method, path)
            wrong = guarded.http.request(method, url, headers=bearer(ANNA[:-1]))
            assert is_problem(wrong, 401), (method, path)
            assert wrong.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/web/app.js", "/health/live", "/health/ready"):
        assert guarded.http.get(path).status_code == 200
    with pytest.raises(InvalidStatus) as caught:
        connect(address(guarded))
    assert caught.value.response.status_code == 401


def test_a_video_belongs_to_who_sent_it(guarded: Server) -> None:
    """404 for everyone else, whatever is asked; an admin sees and deletes it."""
    job_id = guarded.http.post(f"{VIDEOS}/demo", headers=bearer(ANNA)).json()["id"]
    mine = f"{VIDEOS}/{job_id}"
    assert listed(guarded, ANNA) == [job_id] == listed(guarded, CARL)
    assert listed(guarded, BEN) == []
    for part in ("", "/media", "/timeline", "/angles", "/overlay.mp4", "/summary.png", "/holds"):
        assert is_problem(guarded.http.get(mine + part, headers=bearer(BEN)), 404), part
    assert is_problem(guarded.http.delete(mine, headers=bearer(BEN)), 404)
    assert guarded.http.get(f"{mine}/media", headers=bearer(ANNA)).status_code == 200
    assert guarded.http.delete(mine, headers=bearer(CARL)).status_code == 204
    assert listed(guarded, ANNA) == []


def listed(server: Server, token: str) -> list[str]:
    videos = server.http.get(VIDEOS, headers=bearer(token)).json()["videos"]
    return [video["id"] for video in videos]


def test_a_token_becomes_a_cookie(guarded: Server) -> None:
    """Out of reach of scripts and other sites, good for requests and websockets."""
    with httpx.Client(base_url=guarded.url, timeout=PATIENCE_S) as browser:
        assert browser.get(SESSION).json() == {"name": None, "admin": False, "log_in": True}
        assert is_problem(browser.post(SESSION, json={"token": "guess"}), 401)
        reply = browser.post(SESSION, json={"token": CARL})
        assert reply.json() == {"name": "carl", "admin": True, "log_in": False}
        cookie = reply.headers["set-cookie"]
        assert re.search("HttpOnly", cookie)
        assert re.search("samesite=strict", cookie, re.IGNORECASE)
        assert CARL not in cookie
        assert browser.get(VIDEOS).status_code == 200
        pair = cookie.partition(";")[0]
        with connect(address(guarded), additional_headers={"Cookie": pair}) as socket_:
            assert "ready" in socket_.recv(timeout=PATIENCE_S)
        assert browser.delete(SESSION).status_code == 204
        assert browser.get(VIDEOS).status_code == 401


def test_a_trusted_proxy_names_the_user(guarded: Server) -> None:
    """Over https the cookie is for https only; two names at once are none."""
    assert guarded.http.get(SESSION, headers={"X-User": "eva"}).json()["name"] == "eva"
    assert guarded.http.get(SESSION, headers={"X-User": "dora"}).json()["admin"]
    twice = guarded.http.get(SESSION, headers=[("X-User", "eva"), ("X-User", "dora")])
    assert twice.json()["log_in"]
    reply = guarded.http.post(SESSION, json={"token": ANNA}, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in reply.headers["set-cookie"]


def test_a_service_without_tokens_asks_for_none(server: Server) -> None:
    """The page shows no log-in form."""
    assert server.http.get(SESSION).json() == {"name": None, "admin": True, "log_in": False}


def test_other_addresses_need_a_token(tmp_path: Path, tiny_model: Path) -> None:
    """The refusal says how to set one."""
    params = write_params(tmp_path, tiny_model, host="0.0.0.0")  # noqa: S104
    done = run_program("straps-serve", "run", "--params", params)
    assert done.returncode == 2
    for word in ("STRAPS_TOKENS", "tokens_file", "--insecure"):
        assert word in done.stderr


def test_a_service_for_all_without_tokens(tmp_path: Path, tiny_model: Path) -> None:
    """`--insecure` starts it. Any IP address is a host, but no name; each client has a rate."""
    # One request, and the next in a quarter of an hour.
    params = write_params(tmp_path, tiny_model, host="0.0.0.0", max_requests_per_s=0.001)  # noqa: S104
    server = Server(params)
    server.arguments = ["--insecure"]
    server.start(ready=False)
    try:
        assert server.http.get("/", headers={"Host": "192.0.2.7"}).status_code == 200
        assert is_problem(server.http.get("/", headers={"Host": "evil.example"}), 421)
        reply = server.http.get("/api/v1/model")
        assert is_problem(reply, 429)
        assert int(reply.headers["retry-after"]) >= 1
        assert server.http.get("/health/live").status_code == 200
        other = server.http.get("/", headers={"X-Forwarded-For": "192.0.2.7"})
        assert other.status_code == 200
    finally:
        server.close()
