"""The identity: made once, kept, and never overwritten by accident."""

from edge.errors import LocalError
from edge.identity import identity_file
from edge.identity.identity_file import load, load_or_create
from edge.identity.keys import PrivateKey
from edge.system import files
from tests import kit, scratch
from tests.edge.identity import vectors


def test_made_once_and_the_same_ever_after():
    with scratch.Folder() as folder:
        path = folder + "/identity.key"
        assert load(path) is None and scratch.names(folder) == []
        key = load_or_create(path)
        assert scratch.names(folder) == ["identity.key"]
        assert scratch.get(path) == key.encode()
        assert load_or_create(path).seed == load(path).seed == key.seed


def test_a_key_of_another_implementation_is_taken_over():
    with scratch.Folder() as folder:
        path = folder + "/identity.key"
        scratch.put(path, vectors.ED25519_PRIVATE)
        assert load_or_create(path).public.encode() == vectors.ED25519_PUBLIC
        assert scratch.get(path) == vectors.ED25519_PRIVATE


def test_what_cannot_be_used_is_named_and_left_untouched():
    good = vectors.ED25519_PRIVATE
    with scratch.Folder() as folder:
        path = folder + "/identity.key"
        for bad in (
            b"",
            good[:1],
            good[:-1],
            good + b"\n",
            bytes(68),
            b"\xff" * 68,
            good.hex().encode(),
            b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + bytes(400),
            vectors.SECP256K1_PRIVATE,
            vectors.ECDSA_PRIVATE,
            vectors.ED25519_PUBLIC,
            bytes(20000),
        ):
            scratch.put(path, bad)
            for use in (load, load_or_create):
                error = str(kit.raises(LocalError, use, path))
                assert path in error
                assert "move it away" in error or "larger than" in error
            assert scratch.get(path) == bad and scratch.names(folder) == ["identity.key"]


def test_a_folder_in_its_place_is_left_untouched():
    with scratch.Folder() as folder:
        path = folder + "/identity.key"
        files.make_dir(path)
        kit.raises(LocalError, load_or_create, path)
        assert files.list_dir(path) == []


def test_where_it_cannot_be_written_there_is_no_key():
    with scratch.Folder() as folder:
        error = kit.raises(LocalError, load_or_create, folder + "/none/identity.key")
        assert "folder does not exist" in str(error)


def test_of_two_that_start_at_once_both_have_the_same_key():
    other = PrivateKey.generate()
    write_new = files.write_new

    def overtaken(path, data, private):
        write_new(path, other.encode(), private)
        write_new(path, data, private)

    with scratch.Folder() as folder:
        path = folder + "/identity.key"
        identity_file.files.write_new = overtaken
        try:
            assert load_or_create(path).seed == other.seed
        finally:
            identity_file.files.write_new = write_new


if __name__ == "__main__":
    kit.run(globals())
