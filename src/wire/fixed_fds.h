/* The descriptors that our programs find open when they start. Everything else is closed before exec. */
#ifndef PYEXEC_WIRE_FIXED_FDS_H
#define PYEXEC_WIRE_FIXED_FDS_H

enum fixed_fd {
    FIXED_FD_KEEPER = 3, /* front and guest: SOCK_SEQPACKET to the keeper */
    FIXED_FD_LISTEN = 4, /* front: the listening TCP socket */
    FIXED_FD_KEYS = 5,   /* front: the API keys, of base/key_file.h; /dev/null where no file of keys is set */
};

#endif
