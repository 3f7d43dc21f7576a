import socket
import threading
import time

from coverage_kit.net.deadline import Deadline, current_deadline


def test_a_deadline_ends_whatever_waits_for_a_socket():
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.2) as deadline:
        deadline.guard(ours)
        theirs.sendall(b"x")
        assert ours.recv(9) == b"x"
        assert not deadline.is_over
        assert ours.recv(9) == b""
        assert deadline.is_over
        assert deadline.seconds_left == 0.0


def test_a_socket_that_comes_after_the_end_is_shut_at_once():
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(-1) as deadline:
        deadline.guard(ours)
        assert theirs.recv(9) == b""


def test_a_deadline_that_was_kept_shuts_nothing():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(0.1) as deadline:
            deadline.guard(ours)
        time.sleep(0.3)
        theirs.sendall(b"x")
        assert ours.recv(9) == b"x"


def test_each_thread_has_the_deadline_of_its_own_exchange():
    seen = []
    with Deadline(60) as outer:
        with Deadline(float("inf")) as inner:
            assert current_deadline() is inner
        thread = threading.Thread(target=lambda: seen.append(current_deadline()))
        thread.start()
        thread.join()
        assert current_deadline() is outer
    assert (current_deadline(), seen) == (None, [None])


def test_no_thread_is_left_of_a_deadline():
    before = threading.active_count()
    for _ in range(50):
        with Deadline(60):
            pass
    end = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before
