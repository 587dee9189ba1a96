import io
import tarfile
import zipfile


def main():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "alpha" * 500)
        archive.writestr("b/c.txt", "gamma")
    with zipfile.ZipFile(buffer) as archive:
        listing = [(i.filename, i.file_size, i.compress_size < i.file_size) for i in archive.infolist()]
    tar_buffer = io.BytesIO()
    with tarfile.open(fileobj=tar_buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("note.txt")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"note"))
    tar_buffer.seek(0)
    with tarfile.open(fileobj=tar_buffer) as tar:
        return listing, tar.getnames(), tar.extractfile("note.txt").read()
