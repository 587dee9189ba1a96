import os
import shutil
import tempfile


def main():
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "source")
        os.makedirs(os.path.join(source, "inner"))
        with open(os.path.join(source, "inner", "a.txt"), "w") as file:
            file.write("hello" * 100)
        copy = shutil.copytree(source, os.path.join(directory, "copy"))
        archive = shutil.make_archive(os.path.join(directory, "packed"), "zip", copy)
        shutil.unpack_archive(archive, os.path.join(directory, "out"))
        names = sorted(os.path.relpath(os.path.join(d, f), directory) for d, _, fs in os.walk(directory) for f in fs)
    return names, os.path.exists(directory)
