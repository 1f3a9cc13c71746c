"""The table of a store's records, where the store cannot be read."""

from edge.errors import LinkError
from edge.records.stores.memory import MemoryStore
from edge.records.sync.summary import Summary
from tests import kit
from tests.contract.judges import OWN, FakeJudge, key_of, record


class Broken(MemoryStore):
    async def keys(self, prefix: bytes = b"", after: bytes = b"") -> list:
        raise LinkError("no medium")


async def test_a_table_that_could_not_be_made_collects_no_changes():
    summary = Summary(Broken(FakeJudge(), OWN), FakeJudge(), [b"/edge/"])
    await kit.raises_async(LinkError, summary.table([b"/edge/"]))
    summary.set(key_of("a"), record(1))
    assert not summary._late


if __name__ == "__main__":
    kit.run(globals())
