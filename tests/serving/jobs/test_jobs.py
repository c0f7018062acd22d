"""Jobs survive kills and restarts, and leave nothing behind."""

import json
import shutil
import socket
from pathlib import Path

import psutil
import pytest

from tests.programs import run_program
from tests.serving.conftest import CLIP_FRAMES, LONG_CLIP_FRAMES, Start
from tests.serving.server import PATIENCE_S, VIDEOS, Server, upload_form


def test_a_video_becomes_a_timeline(server: Server, clip: Path) -> None:
    """It is accepted, reports its progress, and ends with one row per frame."""
    reply = server.http.post(VIDEOS, files=upload_form(clip, "../../etc/my routine.mp4"))
    assert reply.status_code == 202
    job = reply.json()
    assert reply.headers["location"] == f"{VIDEOS}/{job['id']}" == job["links"]["self"]
    assert job["source"] == "my routine.mp4"
    done = server.finished(job["id"])
    assert (done["status"], done["frames_done"]) == ("done", CLIP_FRAMES)
    assert done["frames_total"] == CLIP_FRAMES
    timeline = json.loads(server.timeline(job["id"]))
    assert timeline["media"]["source"] == "my routine.mp4"
    assert timeline["media"]["status"] == "complete"
    assert [frame["index"] for frame in timeline["frames"]] == list(range(CLIP_FRAMES))
    assert sum(frame["person"] for frame in timeline["frames"]) > CLIP_FRAMES * 0.8


def test_the_same_video_twice_gives_the_same_bytes(server: Server, clip: Path) -> None:
    """No state carries over from one analysis to the next, and a timeline has no clock in it."""
    first, second = (server.submit(clip) for _ in range(2))
    for job_id in (first, second):
        assert server.finished(job_id)["status"] == "done"
    assert server.timeline(first) == server.timeline(second)


def test_jobs_are_listed_newest_first(server: Server, clip: Path) -> None:
    """The list has every job with its state."""
    ids = [server.submit(clip, f"{n}.mp4") for n in range(3)]
    listed = server.http.get(VIDEOS).json()["videos"]
    assert [job["id"] for job in listed[:3]] == ids[::-1]
    assert [job["source"] for job in listed[:3]] == ["2.mp4", "1.mp4", "0.mp4"]


def test_an_analysis_outlives_its_process(start: Start, long_clip: Path) -> None:
    """Killed, then stopped, then resumed: the timeline is that of an undisturbed run."""
    server = start()
    disturbed, undisturbed = server.submit(long_clip), server.submit(long_clip)
    finished = server.data / "jobs" / disturbed / "chunks"
    server.wait_for(lambda: len(list(finished.glob("*.npz"))) >= 1)
    server.kill()
    server.start()
    first_chunk = min(finished.glob("*.npz"))
    made_at = first_chunk.stat().st_mtime
    # Progress made in the last second before the kill is only known from the chunks.
    server.wait_for(lambda: server.job(disturbed)["frames_done"] > 0)
    server.wait_for(lambda: len(list(finished.glob("*.npz"))) >= 3)
    assert server.stop() == 0
    server.start(ready=False)
    server.wait_for(lambda: "videos" in server.http.get(VIDEOS).json())
    assert server.finished(disturbed)["status"] == "done"
    assert first_chunk.stat().st_mtime == made_at
    assert server.finished(undisturbed)["frames_done"] == LONG_CLIP_FRAMES
    assert server.timeline(disturbed) == server.timeline(undisturbed)
    server.delete_all()
    assert server.leftovers() == []
    assert "Traceback" not in server.log.read_text()


def test_an_analysis_outlives_its_worker_process(start: Start, long_clip: Path) -> None:
    """Killed once, the worker is replaced and the timeline is that of an undisturbed run."""
    server = start()
    disturbed, undisturbed = server.submit(long_clip), server.submit(long_clip)
    finished = server.data / "jobs" / disturbed / "chunks"
    server.wait_for(lambda: len(list(finished.glob("*.npz"))) >= 1)
    for worker in psutil.Process(server.pid).children(recursive=True):
        worker.kill()
    for job_id in (disturbed, undisturbed):
        assert server.finished(job_id)["status"] == "done"
    assert server.timeline(disturbed) == server.timeline(undisturbed)


@pytest.mark.parametrize("state", ["processing", "queued"])
def test_deleting_stops_the_work_and_removes_every_trace(
    server: Server, long_clip: Path, state: str
) -> None:
    """When the request returns, nothing is left of the job; the next job gets its turn."""
    running, waiting = server.submit(long_clip), server.submit(long_clip)
    server.wait_for(lambda: server.job(running)["frames_done"] > 10)
    doomed, other = (running, waiting) if state == "processing" else (waiting, running)
    assert server.job(doomed)["status"] == state
    assert server.http.delete(f"{VIDEOS}/{doomed}").status_code == 204
    assert server.http.get(f"{VIDEOS}/{doomed}").status_code == 404
    assert not [name for name in server.leftovers() if doomed in name]
    server.wait_for(lambda: server.job(other)["frames_done"] > 10)
    assert server.http.delete(f"{VIDEOS}/{other}").status_code == 204
    assert server.leftovers() == []
    listed = {job["id"] for job in server.http.get(VIDEOS).json()["videos"]}
    assert not {running, waiting} & listed


def test_a_full_queue_says_when_to_retry(start: Start, clip: Path) -> None:
    """One video too many is refused before its body is sent, and accepted when there is room."""
    server = start(max_queued_jobs=2)
    # Held up, so that the queue stays full however fast the machine is.
    workers = psutil.Process(server.pid).children(recursive=True)
    for worker in workers:
        worker.suspend()
    running = server.submit(clip)
    server.wait_for(lambda: server.job(running)["status"] == "processing")
    waiting = [server.submit(clip), server.submit(clip)]
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        client.sendall(
            f"POST {VIDEOS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=edge\r\n\r\n".encode()
        )
        head = client.recv(4096).decode().lower()
    assert head.startswith("http/1.1 503")
    assert "content-type: application/problem+json" in head
    assert "retry-after: 30" in head
    for worker in workers:
        worker.resume()
    assert server.http.delete(f"{VIDEOS}/{waiting[0]}").status_code == 204
    assert server.http.post(VIDEOS, files=upload_form(clip)).status_code == 202


def test_leftovers_of_a_killed_process_are_cleaned_up(start: Start, tmp_path: Path) -> None:
    """After a restart, there are no jobs without files, and no video without a job."""
    server = start(ready=False)
    (tmp_path / "text.mp4").write_text("no video")
    server.wait_for(lambda: "videos" in server.http.get(VIDEOS).json())
    server.wait_for(lambda: server.http.get("/api/v1/model").status_code == 200)
    kept, lost = (server.submit(tmp_path / "text.mp4") for _ in range(2))
    for job_id in (kept, lost):
        server.finished(job_id)
    server.kill()
    shutil.rmtree(server.data / "jobs" / lost)
    for folder in ("uploads/half", "deleted/half", "jobs/half"):
        (server.data / folder).mkdir()
        (server.data / folder / "recording.mp4").write_bytes(b"half a video")
    server.start(ready=False)
    server.wait_for(lambda: "videos" in server.http.get(VIDEOS).json())
    assert [job["id"] for job in server.http.get(VIDEOS).json()["videos"]] == [kept]
    (aside,) = [name for name in server.leftovers() if kept not in name]
    assert aside.startswith("set-aside/half-")


def test_two_services_do_not_share_a_data_folder(server: Server) -> None:
    """The second one says so and exits with code 2."""
    second = run_program("straps-serve", "run", "--params", server.params)
    assert second.returncode == 2
    assert "Another straps-serve is using" in second.stderr
    assert "Traceback" not in second.stderr


def test_many_cancelled_jobs_leave_no_threads_or_files(server: Server, long_clip: Path) -> None:
    """Later cancelled analyses use no more threads or files than the first ones."""
    process = psutil.Process(server.pid)

    def cancel_one() -> tuple[int, int]:
        job_id = server.submit(long_clip)
        server.wait_for(lambda: server.job(job_id)["frames_done"] > 0)
        assert server.http.delete(f"{VIDEOS}/{job_id}").status_code == 204
        return process.num_threads(), process.num_fds()

    for _ in range(2):
        cancel_one()
    threads, files = cancel_one()
    for _ in range(6):
        now = cancel_one()
    assert now[0] <= threads + 4
    assert now[1] <= files + 4
