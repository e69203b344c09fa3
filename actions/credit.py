"""What a run may call its own work: its target may have come to what was wanted by other ways."""

from dataclasses import replace

from actions.verdict import TargetVerdict, Word
from backend.text import add


def credited(seen: TargetVerdict, *, undone: bool, doubtful: bool) -> TargetVerdict:
    """What was seen, without a claim that the answer to the step forbids.

    `undone` says that the answer proves that nothing was done; `doubtful` that it was a refusal, or never came: then a
    target that changes by itself may have done so.
    """
    if seen.word is not Word.WORKED or not (undone or (doubtful and seen.target.restless)):
        return seen
    if undone:  # then nothing of ours is left to be followed
        text = add(seen.text, "; not by this run, which was refused")
        return replace(seen, word=Word.UNKNOWN, text=text, so_far=False)
    return replace(seen, word=Word.UNKNOWN, text=add(seen.text, "; whether by this run is not known"))
