#include "guest/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define FILE_PATH_MAX 4096

static void take_part(struct request *request, uint64_t size, uint64_t *offset, struct request_part *ret_part) {
    ret_part->bytes = request->body + *offset;
    ret_part->size = size;
    *offset += size;
}

int request_read(int fd, struct request *ret_request) {
    struct request request = {.body = NULL};
    ssize_t n = io_read_full(fd, &request.header, sizeof request.header);
    if (n <= 0) {
        return (int)n;
    }
    uint64_t size;
    if ((size_t)n != sizeof request.header || run_request_body_size(&request.header, &size) < 0) {
        return -EPROTO;
    }
    /* Not from malloc(): megabytes of a request must not stay in the heap that the script then uses. */
    request.body_size = size > 0 ? size : 1;
    request.body = mmap(NULL, request.body_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (request.body == MAP_FAILED) {
        return -errno;
    }
    n = io_read_full(fd, request.body, size);
    if (n < 0 || (uint64_t)n != size) {
        request_release(&request);
        return n < 0 ? (int)n : -EPROTO;
    }
    uint64_t offset = 0;
    take_part(&request, request.header.script_len, &offset, &request.script);
    take_part(&request, request.header.args_len, &offset, &request.args);
    take_part(&request, request.header.kwargs_len, &offset, &request.kwargs);
    take_part(&request, request.header.env_len, &offset, &request.env);
    take_part(&request, request.header.files_len, &offset, &request.files);
    take_part(&request, request.header.stdin_len, &offset, &request.stdin_content);
    *ret_request = request;
    return 1;
}

void request_release(struct request *request) {
    if (request->body) {
        (void)munmap(request->body, request->body_size);
        request->body = NULL;
    }
}

/* Opens the directory of the next component of a path, making it when it is missing. Returns a descriptor or -errno. */
static int step_into(int directory_fd, const char *name) {
    if (mkdirat(directory_fd, name, 0777) < 0 && errno != EEXIST) {
        return -errno;
    }
    int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int is_plain_name(const char *name) {
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Front has checked the path already; what is not a plain relative path is refused again. */
static int write_file(int root_fd, const unsigned char *name, uint32_t name_len, const unsigned char *content,
                      uint32_t content_len) {
    char path[FILE_PATH_MAX + 1];
    if (name_len == 0 || name_len > FILE_PATH_MAX || memchr(name, '\0', name_len)) {
        return -EINVAL;
    }
    memcpy(path, name, name_len);
    path[name_len] = '\0';

    cleanup_close int directory_fd = -1;
    char *component = path;
    for (char *slash = strchr(component, '/'); slash; slash = strchr(component, '/')) {
        *slash = '\0';
        if (!is_plain_name(component)) {
            return -EINVAL;
        }
        int next_fd = step_into(directory_fd < 0 ? root_fd : directory_fd, component);
        if (next_fd < 0) {
            return next_fd;
        }
        close_fd(&directory_fd);
        directory_fd = next_fd;
        component = slash + 1;
    }
    if (!is_plain_name(component)) {
        return -EINVAL;
    }
    cleanup_close int fd = openat(directory_fd < 0 ? root_fd : directory_fd, component,
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        return -errno;
    }
    return io_write_full(fd, content, content_len);
}

int request_write_files(const struct request *request, int directory_fd, const char **ret_path,
                        uint32_t *ret_path_len) {
    uint64_t offset = 0;
    for (;;) {
        const unsigned char *name, *content;
        uint32_t name_len, content_len;
        int more = run_request_next_entry(request->files.bytes, request->files.size, &offset, &name, &name_len,
                                          &content, &content_len);
        if (more <= 0) {
            if (more < 0) {
                *ret_path = "";
                *ret_path_len = 0;
            }
            return more;
        }
        int error = write_file(directory_fd, name, name_len, content, content_len);
        if (error) {
            *ret_path = (const char *)name;
            *ret_path_len = name_len;
            return error;
        }
    }
}

int request_write_stdin(const struct request *request) {
    if (request->stdin_content.size == 0) {
        return 0;
    }
    int error = io_write_full(STDIN_FILENO, request->stdin_content.bytes, request->stdin_content.size);
    if (error) {
        return error;
    }
    return lseek(STDIN_FILENO, 0, SEEK_SET) < 0 ? -errno : 0;
}
