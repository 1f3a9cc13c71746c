"""`python3 -m tests.guests`: builds the guests that are not in the cache yet."""

from tests.drivers import rig
from tests.guests import image
from tests.power import machine

if __name__ == "__main__":
    for recipe in (machine.GUEST, rig.GUEST):
        print(image.find(recipe))
