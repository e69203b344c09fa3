"""What a question is taken for, in whatever pieces it comes."""

from starlette.types import Message

from tui.demo.quirks.asking import numbers_for_ids


async def test_a_number_is_taken_for_an_id_even_if_it_comes_in_two_pieces() -> None:
    pieces = [b'{"original_job_id": 88', b'01, "priority": 3}']
    messages = [{"type": "http.request", "body": piece, "more_body": piece == pieces[0]} for piece in pieces]

    async def receive() -> Message:
        return messages.pop(0)

    heard = await numbers_for_ids(receive)()
    assert heard == {"type": "http.request", "body": b'{"original_job_id": "8801", "priority": 3}', "more_body": False}
