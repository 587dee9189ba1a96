import ipaddress


def main():
    network = ipaddress.ip_network("192.168.10.0/26")
    hosts = list(network.hosts())
    return {
        "hosts": len(hosts),
        "first": str(hosts[0]),
        "subnets": [str(s) for s in network.subnets(new_prefix=28)],
        "member": ipaddress.ip_address("192.168.10.77") in network,
        "v6": ipaddress.ip_address("2001:db8::1").exploded,
        "private": ipaddress.ip_address("10.1.2.3").is_private,
    }
