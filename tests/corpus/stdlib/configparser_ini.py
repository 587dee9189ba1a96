import configparser

INI = """
[DEFAULT]
home = /srv
[web]
port = 8080
root = %(home)s/www
debug = yes
[db]
hosts = a, b
"""


def main():
    config = configparser.ConfigParser()
    config.read_string(INI)
    web = config["web"]
    return {
        "port": web.getint("port"),
        "root": web["root"],
        "debug": web.getboolean("debug"),
        "hosts": [h.strip() for h in config["db"]["hosts"].split(",")],
        "fallback": config.get("db", "user", fallback="nobody"),
        "sections": config.sections(),
    }
