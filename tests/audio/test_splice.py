"""A splice behaves like the file it stands for."""

import io

from hypothesis import given, settings, strategies as st

from whence.audio.splice import Splice

MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("seek"), st.integers(-40, 40), st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=20), st.binary(max_size=40), st.integers(0, 40), st.integers(0, 40), MOVES)
def test_equals_the_joined_bytes(front, behind, start, end, moves):
    whole = front + behind[start:end]
    # A file holds no more than it holds: the end is where the caller found it.
    splice, twin = Splice(front, io.BytesIO(behind), start, min(end, len(behind))), io.BytesIO(whole)
    for kind, amount, whence in moves:
        if kind == "read":
            found = b""
            while (more := splice.read(amount - len(found))) and len(found) < amount:
                found += more
            assert found == twin.read(amount)
        else:
            base = {io.SEEK_SET: 0, io.SEEK_CUR: twin.tell(), io.SEEK_END: len(whole)}[whence]
            assert splice.seek(amount, whence) == twin.seek(max(base + amount, 0))
        assert splice.tell() == twin.tell()


def test_says_what_it_can():
    splice = Splice(b"ab", io.BytesIO(b"cdef"), 1, 3)
    assert splice.readable()
    assert splice.seekable()
    assert not splice.writable()
    assert splice.read() == b"abde"
