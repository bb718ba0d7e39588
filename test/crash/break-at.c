// Breaks a program at the nth change it makes to files under a folder (LD_PRELOAD). Environment:
//   BREAK_UNDER  absolute folder whose files count        BREAK_AT   which change, from 1; 0 = none
//   BREAK_HOW    kill | EIO | ENOSPC                      BREAK_LOG  file that gets one line for each change
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int seen;

static int is_under(const char *path) {
  const char *root = getenv("BREAK_UNDER");
  return root != NULL && path != NULL && strncmp(path, root, strlen(root)) == 0;
}

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

// Whether the change is to fail; sets errno. Does not return when the program is to die here.
static int breaks(const char *what, const char *path) {
  if (!is_under(path)) return 0;
  int now = atomic_fetch_add(&seen, 1) + 1;
  const char *log = getenv("BREAK_LOG");
  if (log != NULL) {
    char line[4400];
    int length = snprintf(line, sizeof line, "%d %s %s\n", now, what, path);
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
  }
  const char *at = getenv("BREAK_AT");
  if (at == NULL || now != atoi(at)) return 0;
  const char *how = getenv("BREAK_HOW");
  if (how == NULL) return 0;
  if (strcmp(how, "kill") == 0) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = strcmp(how, "EIO") == 0 ? EIO : ENOSPC;
  return 1;
}

static int breaks_fd(const char *what, int fd) {
  char path[4096];
  return path_of(fd, path, sizeof path) && breaks(what, path);
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (real == NULL) real = dlsym(RTLD_NEXT, #name)

#define ON_FD(name, result, parameters, arguments) \
  result name parameters { \
    REAL(name); \
    if (breaks_fd(#name, fd)) return -1; \
    return real arguments; \
  }
#define ON_PATH(name, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    if (breaks(#name, path)) return -1; \
    return real arguments; \
  }

ON_FD(write, ssize_t, (int fd, const void *data, size_t size), (fd, data, size))
ON_FD(pwrite, ssize_t, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(pwrite64, ssize_t, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(writev, ssize_t, (int fd, const struct iovec *pieces, int count), (fd, pieces, count))
ON_FD(pwritev, ssize_t, (int fd, const struct iovec *pieces, int count, off_t at), (fd, pieces, count, at))
ON_FD(pwritev64, ssize_t, (int fd, const struct iovec *pieces, int count, off64_t at), (fd, pieces, count, at))
ON_FD(ftruncate, int, (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, int, (int fd, off64_t size), (fd, size))
ON_FD(fsync, int, (int fd), (fd))
ON_FD(fdatasync, int, (int fd), (fd))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(rmdir, (const char *path), (path))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))

int rename(const char *from, const char *path) {
  REAL(rename);
  if (breaks("rename", path)) return -1;
  return real(from, path);
}

int link(const char *from, const char *path) {
  REAL(link);
  if (breaks("link", path)) return -1;
  return real(from, path);
}

ssize_t copy_file_range(int in, off64_t *from, int fd, off64_t *to, size_t size, unsigned flags) {
  REAL(copy_file_range);
  if (breaks_fd("copy_file_range", fd)) return -1;
  return real(in, from, fd, to, size, flags);
}

ssize_t sendfile64(int fd, int in, off64_t *from, size_t size) {
  static ssize_t (*real)(int, int, off64_t *, size_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "sendfile64");
  if (breaks_fd("sendfile", fd)) return -1;
  return real(fd, in, from, size);
}

static int breaks_open(const char *path, int flags) {
  return (flags & O_CREAT) && breaks("open", path);
}

int open(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  if (real == NULL) real = dlsym(RTLD_NEXT, "open");
  va_list rest;
  va_start(rest, flags);
  int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  if (breaks_open(path, flags)) return -1;
  return real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  if (real == NULL) real = dlsym(RTLD_NEXT, "open64");
  va_list rest;
  va_start(rest, flags);
  int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0;
  va_end(rest);
  if (breaks_open(path, flags)) return -1;
  return real(path, flags, mode);
}
