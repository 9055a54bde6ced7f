/* A disk that does as a test says, put under a program by LD_PRELOAD. It rules the files named wxgate.db…, but for the
 * index of the log (-shm), which is memory. A sync of theirs takes DISK_SYNC_US and moves nothing: what is unsynced is a
 * question of the trace alone.
 *
 *   DISK_TRACE      gets a record of all that happens to them, and of every answer 2xx as it leaves
 *   DISK_KILL_AT    number of the record at which the program is killed, from 1: a write is not done then, all else is
 *   DISK_FAIL_SYNC  number of the sync that fails with EIO, from 1
 *   DISK_SIZE       a file that says how many bytes the files of their directory may have together; while it is there, what
 *                   does not fit fails with ENOSPC
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MADE = 'M', REMOVED = 'R', WRITTEN = 'W', CUT = 'C', SYNCED = 'S', NAMES_SYNCED = 'N', ANSWERED = 'A' };
enum { PATH = 4096, ANSWER_HEAD = 1024 };

static long setting(const char *name) {
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

/* One append a record, so that records stand in the order in which they came: kind, length of the name, offset or size,
 * length of the data; name, data. */
static void record(char kind, const char *name, uint64_t at, const void *data, uint32_t length) {
    static _Atomic int trace = -1;
    static _Atomic long records;
    const char *path = getenv("DISK_TRACE");
    if (++records == setting("DISK_KILL_AT")) kill(getpid(), SIGKILL);
    if (!path) return;
    if (trace < 0) {
        int opened = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        int none = -1;
        if (!atomic_compare_exchange_strong(&trace, &none, opened)) close(opened);
    }
    struct { uint8_t kind, name; uint32_t length; uint64_t at; } __attribute__((packed)) head =
        { kind, strlen(name), length, at };
    struct iovec parts[] = { { &head, sizeof head }, { (void *)name, head.name }, { (void *)data, length } };
    syscall(SYS_writev, trace, parts, 3);
}

static const char *last(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_ruled(const char *name) {
    size_t length = strlen(name);
    return strncmp(name, "wxgate.db", 9) == 0 && (length < 4 || strcmp(name + length - 4, "-shm") != 0);
}

/* The path of an open file, if it is one of ours. */
static const char *ruled(int file, char path[PATH]) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH - 1);
    path[length < 0 ? 0 : length] = 0;
    return is_ruled(last(path)) ? path : NULL;
}

/* How large the disk is; 0 for one without an end. */
static long disk_size(void) {
    const char *path = getenv("DISK_SIZE");
    FILE *file = path ? fopen(path, "re") : NULL;
    long size = 0;
    if (!file) return 0;
    if (fscanf(file, "%ld", &size) != 1) size = 0;
    fclose(file);
    return size;
}

/* Whether a file may grow to this size. */
static int fits(int file, const char *path, off_t size) {
    struct stat it;
    long most = disk_size();
    if (!most || fstat(file, &it) || size <= it.st_size) return 1;
    char dir[PATH];
    snprintf(dir, sizeof dir, "%.*s", (int)(last(path) - path), path);
    off_t taken = size - it.st_size;
    DIR *entries = opendir(dir);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (!fstatat(dirfd(entries), entry->d_name, &it, AT_SYMLINK_NOFOLLOW) && S_ISREG(it.st_mode)) taken += it.st_size;
    if (entries) closedir(entries);
    return taken <= most;
}

static ssize_t write_at(int file, const void *data, size_t length, off_t at) {
    char path[PATH];
    if (ruled(file, path)) {
        if (!fits(file, path, at + length)) { errno = ENOSPC; return -1; }
        record(WRITTEN, last(path), at, data, length);
    }
    return syscall(SYS_pwrite64, file, data, length, at);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t at) { return write_at(file, data, length, at); }
ssize_t pwrite64(int file, const void *data, size_t length, off_t at) { return write_at(file, data, length, at); }

ssize_t write(int file, const void *data, size_t length) {
    char path[PATH];
    off_t at;
    if (!ruled(file, path) || (at = lseek(file, 0, SEEK_CUR)) < 0) return syscall(SYS_write, file, data, length);
    ssize_t written = write_at(file, data, length, at);
    if (written > 0) lseek(file, at + written, SEEK_SET);
    return written;
}

static int cut(int file, off_t size) {
    char path[PATH];
    if (ruled(file, path)) record(CUT, last(path), size, NULL, 0);
    return syscall(SYS_ftruncate, file, size);
}

int ftruncate(int file, off_t size) { return cut(file, size); }
int ftruncate64(int file, off_t size) { return cut(file, size); }

static int synced(int file) {
    static _Atomic long syncs;
    char path[PATH];
    struct stat it;
    if (!fstat(file, &it) && S_ISDIR(it.st_mode)) { record(NAMES_SYNCED, "", 0, NULL, 0); return 0; }
    if (!ruled(file, path)) return syscall(SYS_fsync, file);
    usleep(setting("DISK_SYNC_US"));
    if (++syncs == setting("DISK_FAIL_SYNC")) { errno = EIO; return -1; }
    record(SYNCED, last(path), 0, NULL, 0);
    return 0;
}

int fsync(int file) { return synced(file); }
int fdatasync(int file) { return synced(file); }

static int made(const char *path, int flags, mode_t mode) {
    struct stat it;
    int is_new = (flags & O_CREAT) && is_ruled(last(path)) && lstat(path, &it);
    int file = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (is_new && file >= 0) record(MADE, last(path), 0, NULL, 0);
    return file;
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return made(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return made(path, flags, mode);
}

int unlink(const char *path) {
    if (is_ruled(last(path))) record(REMOVED, last(path), 0, NULL, 0);
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static void note(const void *data, size_t length) {
    if (length > 10 && memcmp(data, "HTTP/1.1 2", 10) == 0)
        record(ANSWERED, "", 0, data, length < ANSWER_HEAD ? length : ANSWER_HEAD);
}

ssize_t send(int socket, const void *data, size_t length, int flags) {
    note(data, length);
    return syscall(SYS_sendto, socket, data, length, flags, NULL, 0);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (count > 0) note(parts[0].iov_base, parts[0].iov_len);
    return syscall(SYS_writev, file, parts, count);
}
