"""Every way to a socket, and to somebody at its other end."""

from ..probe import *
from ..technique import technique


@technique(stop="EPERM")
def every_family():
    """socket() of every family and type."""

    def attack(family):
        for kind in (1, 2, 3, 4, 5):
            result, error = attempt("socket", family, kind, 0)
            if result >= 0:
                os.close(result)
                return through(f"socket({family}, {kind})")
            if error not in REFUSALS:
                return through(f"socket({family}, {kind}) reached the kernel: {error}")
        return stopped(f"{error} from socket()")

    return each(attack, *range(64), 0x10002, -1)


@technique(stop="EPERM")
def packet():
    """AF_PACKET: the wire itself, with its own history of holes (CVE-2020-14386)."""
    return through(socket.socket(17, socket.SOCK_RAW, 0x0300))


@technique(stop="EPERM")
def raw_icmp():
    """SOCK_RAW and ping sockets."""
    return each(lambda kind: through(socket.socket(socket.AF_INET, kind, 1)), socket.SOCK_RAW, socket.SOCK_DGRAM)


@technique(stop="EPERM")
def netlink():
    """AF_NETLINK: interfaces, routes, nf_tables (CVE-2024-1086), audit, uevents."""
    return each(lambda protocol: through(socket.socket(16, socket.SOCK_RAW, protocol)), 0, 12, 4, 15, 9)


@technique(stop="EPERM")
def vsock():
    """AF_VSOCK: straight to the hypervisor's host, past every network namespace (isolate 2.6)."""
    return through(socket.socket(40, socket.SOCK_STREAM))


def without_alg():
    try:
        socket.socket(38, 5).close()
    except OSError as failure:
        if failure.errno == errno.EAFNOSUPPORT:
            return "the kernel has no AF_ALG (EAFNOSUPPORT)"
    return ""


@technique(stop="EPERM", impossible=without_alg)
def alg():
    """AF_ALG: the kernel's crypto with splice() writes the page cache through read-only mounts (CVE-2026-31431)."""
    return through(socket.socket(38, 5))


@technique(stop="EPERM")
def tcp_to_the_service():
    """connect() to the service itself, or to any other that listens on the host's loopback."""
    with socket.create_connection(("127.0.0.1", 8080), timeout=2):
        return through("connected to 127.0.0.1:8080")


@technique(stop=("EPERM", "EAI_AGAIN"))
def dns_exfiltration():
    """A UDP datagram to a resolver: data leaves by names alone (AgentCore's sandbox, 2026)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.sendto(b"x", ("127.0.0.1", 53))
    return through("sent a datagram")


@technique(stop="EPERM")
def listen_for_visitors():
    """bind() and listen() on TCP: a server on the service's own address."""
    with socket.create_server(("127.0.0.1", 18099)):
        return through("listens on a port")


@technique(stop="EPERM")
def unix_path():
    """connect() to a socket with a path: Docker's, systemd's, D-Bus."""

    def attack(path):
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(path)
            return through(f"connected to {path}")

    return each(attack, "/run/neighbour.stream", "/run/docker.sock", "/run/systemd/private", "/var/run/dbus/system_bus_socket")


@technique(stop="EPERM")
def unix_abstract():
    """connect() to an abstract name, which no mount namespace and no path rule holds back (CVE-2020-15257)."""
    with socket.socket(socket.AF_UNIX) as own:
        own.connect("\0neighbour")
    return through("connected to an abstract socket")


@technique(stop="EPERM")
def datagram_pair_to_a_name():
    """A SOCK_DGRAM socketpair sends to any name without socket() or connect(): syslog, systemd's notify socket."""
    own, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    own.sendto(b"x", "/run/neighbour.datagram")
    return through("a datagram at somebody's socket")


@technique(stop="EPERM")
def named_message_on_a_pair():
    """sendto() with an address on the pairs that are permitted."""

    def attack(kind):
        own, peer = socket.socketpair(socket.AF_UNIX, kind)
        address = struct.pack("H", socket.AF_UNIX) + b"/run/neighbour.datagram\0"
        return reach("sendto", own.fileno(), ctypes.c_char_p(b"x"), 1, 0, ctypes.c_char_p(address), len(address))

    return each(attack, socket.SOCK_STREAM, socket.SOCK_SEQPACKET)


@technique(stop=("EPERM", "EISCONN", "EOPNOTSUPP", "it came to the peer"))
def addressed_message_header():
    """sendmsg() whose header carries a name, which no filter sees, on every kind of pair."""

    def attack(kind):
        own, peer = socket.socketpair(socket.AF_UNIX, kind)
        peer.setblocking(False)
        own.sendmsg([b"x"], [], 0, "/run/neighbour.datagram")
        try:
            peer.recv(1)
            return stopped("it came to the peer")
        except BlockingIOError:
            return through("it went to the name")

    return each(attack, socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM)


@technique(stop="EPERM")
def out_of_band():
    """send(MSG_OOB) on a stream pair: out of Chrome's sandbox into the kernel (CVE-2025-38236)."""
    own, peer = socket.socketpair()
    own.send(b"x", socket.MSG_OOB)
    return through("sent out of band")


@technique(stop="EPERM")
def out_of_band_by_header():
    """The same by sendmsg(), by recvmsg() and by recv()."""
    own, peer = socket.socketpair()
    flags = socket.MSG_OOB | socket.MSG_DONTWAIT
    return any_of(
        lambda: through(own.sendmsg([b"x"], [], socket.MSG_OOB)),
        lambda: reach("recvfrom", peer.fileno(), BAD, 1, flags, 0, 0),
        lambda: reach("recvmsg", peer.fileno(), BAD, flags),
    )


@technique(stop="EPERM")
def out_of_band_in_batches():
    """sendmmsg() and recvmmsg(): many messages whose flags may differ, in memory where no filter looks."""
    own, peer = socket.socketpair()
    return any_of(
        lambda: reach("sendmmsg", own.fileno(), BAD, 1, 0),
        lambda: reach("recvmmsg", own.fileno(), BAD, 1, socket.MSG_DONTWAIT, 0),
    )


@technique(stop="EPERM")
def filter_program_on_a_pair():
    """setsockopt(SO_ATTACH_FILTER): attacker's BPF in the kernel, just-in-time compiled."""
    own, peer = socket.socketpair()
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xFFFF))
    program = struct.pack("H6xQ", 1, ctypes.addressof(code))
    own.setsockopt(socket.SOL_SOCKET, 26, program)
    return through("a filter program is attached")


@technique(stop="EPERM")
def name_for_a_pair():
    """bind() of a pair's end to an abstract name: an address that other sandboxes could send to."""
    own, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    own.bind("\0found-me")
    return through(f"bound to {own.getsockname()!r}")


@technique(stop="EPERM")
def connect_a_pair_elsewhere():
    """connect(), listen() and accept() on a permitted pair."""
    own, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    fd = own.fileno()
    return any_of(
        lambda: reach("connect", fd, BAD, 16),
        lambda: reach("listen", fd, 1),
        lambda: reach("accept4", fd, 0, 0, 0),
        lambda: reach("accept", fd, 0, 0),
    )


@technique(stop="EPERM")
def interfaces_by_ioctl():
    """ioctl(SIOCGIFCONF) on a socket of any family lists the network's interfaces and addresses."""
    own, peer = socket.socketpair()
    buffer = ctypes.create_string_buffer(4096)
    fcntl.ioctl(own, 0x8912, struct.pack("iP", 4096, ctypes.addressof(buffer)))
    return through("the list of interfaces")


@technique(stop=("EPERM", "EINVAL"))
def forged_credentials():
    """SCM_CREDENTIALS with another's pid and uid, for servers that believe them."""
    own, peer = socket.socketpair()
    forged = struct.pack("iII", 1, 0 if os.getuid() else 1000, 0 if os.getgid() else 1000)
    own.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, forged)])
    return through("sent credentials of somebody else")
