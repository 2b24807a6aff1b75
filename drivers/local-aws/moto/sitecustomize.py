"""
Found by moto's Python at its start (PYTHONPATH, the module "site"): mends one thing of moto 5.2 that no answer before it can.

To list an object's versions it copies every object of the bucket, bytes and all; Terraform asks so for each object that it deletes, fifty at a time. With
the archives of nodes in the bucket that was 22 GB of memory, and more on the disk. Here what it copies goes on sharing the bytes.
"""

try:
    from moto.s3.models import FakeKey
except ImportError:
    # Another Python that was started with the same variables.
    pass
else:

    class Shared:
        """The bytes of an object, for one who may read and not close them."""

        def __init__(self, owned):
            self._owned = owned

        def __getattr__(self, name):
            return getattr(self._owned, name)

        def close(self):
            pass

    def look_alike(key, memo):
        copied = object.__new__(type(key))
        copied.__dict__.update(key.__dict__)
        copied.__dict__["_value_buffer"] = Shared(key._value_buffer)
        # It would be closed with the copy; who lists versions does not ask for it.
        copied.__dict__["multipart"] = None
        # Garbage needs no warning: the owner closes what was shared.
        copied.__dict__["disposed"] = True
        return copied

    FakeKey.__deepcopy__ = look_alike
