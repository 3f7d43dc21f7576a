import pytest
import torch


@pytest.fixture(scope="package", autouse=True)
def _one_thread():
    """Let torch compute on one thread.

    Threads that wait for each other are slow where other processes share the machine.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
