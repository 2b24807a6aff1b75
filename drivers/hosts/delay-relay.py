# A link that is slow: makes two virtual ports and hands each frame of one to the other, in order, that much later. Ends with a signal, and its ports with it.
# delay-relay.py NEAR FAR MILLISECONDS
import collections, fcntl, os, selectors, struct, sys, time

near, far, delay = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
longest_queue = 20000


def port(name):
    """Without offloads: the kernel gives whole frames with their checksums, none longer than the link takes."""
    opened = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(opened, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return opened


ports = [port(near), port(far)]
queues = [collections.deque(), collections.deque()]
watch = selectors.DefaultSelector()
for index, opened in enumerate(ports):
    watch.register(opened, selectors.EVENT_READ, index)
print("ready", flush=True)
while True:
    now = time.monotonic()
    for index, queue in enumerate(queues):
        while queue and queue[0][0] <= now:
            try:
                os.write(ports[1 - index], queue.popleft()[1])
            except OSError:
                pass  # It is down, or its queue is full: a link loses such a frame too.
    due = [queue[0][0] for queue in queues if queue]
    for key, _ in watch.select(max(0, min(due) - now) if due else None):
        try:
            frame = os.read(key.fd, 65536)
        except OSError:
            continue
        if len(queues[key.data]) < longest_queue:
            queues[key.data].append((time.monotonic() + delay, frame))
