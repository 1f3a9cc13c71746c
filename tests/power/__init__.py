"""Power cuts on a real kernel, ext4 and disk: a QEMU guest that is killed while a store writes."""
