/* Gives QEMU's serial ports modem lines: a pty, which they are to it, has none.

   Preloaded into QEMU.  For /dev/pts/7 the lines that come in are the number in $MODEM/7, and each
   number that goes out is a line of $MODEM/7.out; bits as in ioctl_tty(2). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_file(int port, const char *suffix, int flags)
{
    char name[64], path[512];
    if (ttyname_r(port, name, sizeof name) || !getenv("MODEM"))
        return -1;
    snprintf(path, sizeof path, "%s/%s%s", getenv("MODEM"), strrchr(name, '/') + 1, suffix);
    return open(path, flags, 0600);
}

int ioctl(int port, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, void *);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!real)
        real = dlsym(RTLD_NEXT, "ioctl");
    if (request == TIOCMGET) {
        char text[16] = "";
        int file = open_file(port, "", O_RDONLY);
        if (file >= 0 && read(file, text, sizeof text - 1) > 0)
            *(int *)argument = atoi(text);
        close(file);
        return 0;
    }
    if (request == TIOCMSET) {
        int file = open_file(port, ".out", O_WRONLY | O_CREAT | O_APPEND);
        dprintf(file, "%d\n", *(int *)argument);
        close(file);
        return 0;
    }
    return real(port, request, argument);
}
