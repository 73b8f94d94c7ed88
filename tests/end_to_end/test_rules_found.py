"""From traffic to rules: what the proxy kept is enough to find them, and to try them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from support.peers import Request, answering, get, response
from support.proxy import command


def answers(side: int) -> Any:
    """A backend that answers with its own time, its own build and, at one place, its own mind."""

    def answer(request: Request) -> bytes:
        number = int(request.target.rpartition("/")[2])
        body = {
            "id": number,
            "at": f"2026-11-22T10:{number:02}:0{side}Z",
            "tags": ["a", "b", "c"][:: 1 - 2 * side],
        }
        if number == 7:
            body["price"] = side
        fields = (f"X-Build: {side}", "Content-Type: application/json")
        return response(json.dumps(body).encode(), "200 OK", *fields)

    return answering(answer)


async def test_rules_found_and_tried(backend: Any, proxy: Any, connect: Any, tmp_path: Path) -> None:
    """Suggested rules silence the noise, and what is left is what matters; stricter ones show it again."""
    ours, theirs = await backend(answers(0)), await backend(answers(1))
    running = await proxy(ours.url, theirs.url, compare={"ignore": ["header:x-build"]})
    client = await connect(running)
    for number in range(10):
        await client.ask(get(f"/items/{number}"))
    client.leave()
    await running.settled(10)
    await running.stop()
    kept = str(running.record)
    found, strict = tmp_path / "found.yaml", tmp_path / "strict.yaml"
    in_force = tmp_path / "proxy.yaml"
    in_force.write_text(yaml.safe_dump({"compare": {"ignore": ["header:x-build"]}}), encoding="utf-8")
    strict.write_text("{}", encoding="utf-8")

    code, _, err = await command("rules", "suggest", kept, "--config", str(in_force), "--output", str(found))
    assert (code, err) == (0, "")
    suggested = yaml.safe_load(found.read_text(encoding="utf-8"))
    [endpoint] = suggested["endpoints"]
    assert endpoint["match"] == "GET /items/{id}"
    assert endpoint["compare"]["unordered"] == ["json:$.tags"]
    assert endpoint["compare"]["tolerance"] == {"json:$.at": "2s"}

    del endpoint["compare"]["type_only"]  # somebody has read that it would hide a price
    suggested["compare"] = {"ignore": ["header:x-build"]}
    found.write_text(yaml.safe_dump(suggested), encoding="utf-8")
    code, out, err = await command("rejudge", kept, "--config", str(found), "--format", "json")
    result = json.loads(out)
    assert (code, result["kept"], result["fewer"], result["after"]["differed"]) == (0, 10, 9, 1)

    code, out, err = await command("rejudge", kept, "--config", str(strict), "--format", "json")
    assert [(each["path"], each["count"]) for each in json.loads(out)["new"]] == [("header:x-build", 10)]


async def test_matches_known_at_once_are_kept_too(
    backend: Any, proxy: Any, connect: Any, tmp_path: Path
) -> None:
    """An answer that is equal but for an ignored field needs no judge; some are kept all the same."""

    def script(side: str) -> Any:
        return answering(lambda _: response(b"same", "200 OK", f"X-Build: {side}"))

    ours, theirs = await backend(script("1")), await backend(script("2"))
    running = await proxy(
        *(ours.url, theirs.url),
        compare={"ignore": ["header:x-build"]},
        record={"to": str(tmp_path / "kept"), "evidence": 3},
    )
    client = await connect(running)
    for _ in range(10):
        await client.ask(get("/"))
    client.leave()
    await running.settled(10)
    running.record = tmp_path / "kept"
    report = await running.stop()
    assert report["totals"]["matched"] == 10
    strict = tmp_path / "strict.yaml"
    strict.write_text("{}", encoding="utf-8")
    code, out, _ = await command("rejudge", str(tmp_path / "kept"), "-c", str(strict), "--format", "json")
    result = json.loads(out)
    assert (code, result["kept"], result["more"]) == (0, 3, 3)
