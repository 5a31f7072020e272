/* A slower clock for one program and its children: LD_PRELOAD=slow.so SLOW=12 makes every second last 12.
 *
 * Sound and its deadlines are in real time, which an emulated processor does not keep up with. Nothing is skipped with this and no limit
 * is longer: clocks, waits and the kernel's stamps on packets all slow down together, so that the program sees a machine that is fast enough.
 * The clock since boot is divided; the time of day runs on from SLOW_SINCE (seconds since 1970), so that processes agree.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef struct timespec Spec;

#define SECOND 1000000000LL
#define REAL(result, name, ...)                                                                                                               \
    static result (*real)(__VA_ARGS__);                                                                                                       \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int64_t slow = 1, since = 0;

__attribute__((constructor)) static void begin(void) {
    if (getenv("SLOW")) slow = atoll(getenv("SLOW"));
    if (getenv("SLOW_SINCE")) since = atoll(getenv("SLOW_SINCE")) * SECOND;
}

static int64_t whole(const Spec *t) { return t->tv_sec * SECOND + t->tv_nsec; }
static Spec parts(int64_t n) { return (Spec){n / SECOND, n % SECOND}; }
static int64_t base(clockid_t id) { return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? since : 0; }
static int dilated(clockid_t id) { return id != CLOCK_PROCESS_CPUTIME_ID && id != CLOCK_THREAD_CPUTIME_ID && id >= 0; }
static int64_t shown(clockid_t id, int64_t n) { return base(id) + (n - base(id)) / slow; }
static int64_t meant(clockid_t id, int64_t n) { return base(id) + (n - base(id)) * slow; }

/* A length or a moment of the program's in the kernel's time. Whoever waits for ever in other words goes on doing so. */
static const Spec *longer(const Spec *t, Spec *into) {
    if (!t || t->tv_sec < 0 || t->tv_sec > INT32_MAX / slow) return t;
    *into = parts(whole(t) * slow);
    return into;
}
static const Spec *later(clockid_t id, const Spec *t, Spec *into) {
    if (!t || t->tv_sec < 0 || t->tv_sec > INT64_MAX / SECOND / slow / 2) return t;
    *into = parts(meant(id, whole(t)));
    if (into->tv_sec < 0 || into->tv_nsec < 0) *into = (Spec){0, 0};
    return into;
}
static int longer_ms(int ms) { return ms <= 0 ? ms : ms > INT32_MAX / slow ? INT32_MAX : (int)(ms * slow); }

int clock_gettime(clockid_t id, Spec *t) {
    REAL(int, "clock_gettime", clockid_t, Spec *);
    int code = real(id, t);
    if (!code && dilated(id)) *t = parts(shown(id, whole(t)));
    return code;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    (void)zone;
    Spec now;
    int code = clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return code;
}

time_t time(time_t *t) {
    Spec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}

int clock_nanosleep(clockid_t id, int flags, const Spec *t, Spec *left) {
    REAL(int, "clock_nanosleep", clockid_t, int, const Spec *, Spec *);
    Spec into;
    if (flags & TIMER_ABSTIME) return real(id, flags, later(id, t, &into), left);
    int code = real(id, flags, longer(t, &into), left);
    if (code == EINTR && left) *left = parts(whole(left) / slow);
    return code;
}

int nanosleep(const Spec *t, Spec *left) {
    int code = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
    if (!code) return 0;
    errno = code;
    return -1;
}

int usleep(useconds_t us) {
    Spec t = parts(us * 1000LL);
    return nanosleep(&t, NULL);
}

unsigned sleep(unsigned s) {
    Spec t = {s, 0}, left = {0, 0};
    return nanosleep(&t, &left) ? (unsigned)left.tv_sec : 0;
}

int sem_timedwait(sem_t *restrict sem, const Spec *restrict t) {
    REAL(int, "sem_timedwait", sem_t *, const Spec *);
    Spec into;
    return real(sem, later(CLOCK_REALTIME, t, &into));
}

int sem_clockwait(sem_t *restrict sem, clockid_t id, const Spec *restrict t) {
    REAL(int, "sem_clockwait", sem_t *, clockid_t, const Spec *);
    Spec into;
    return real(sem, id, later(id, t, &into));
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, const Spec *restrict t) {
    REAL(int, "pthread_cond_timedwait", pthread_cond_t *, pthread_mutex_t *, const Spec *);
    Spec into;
    /* glibc keeps the clock of a condition in this bit. */
    return real(cond, mutex, later(cond->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME, t, &into));
}

int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t id, const Spec *restrict t) {
    REAL(int, "pthread_cond_clockwait", pthread_cond_t *, pthread_mutex_t *, clockid_t, const Spec *);
    Spec into;
    return real(cond, mutex, id, later(id, t, &into));
}

int poll(struct pollfd *fds, nfds_t count, int ms) {
    REAL(int, "poll", struct pollfd *, nfds_t, int);
    return real(fds, count, longer_ms(ms));
}

int ppoll(struct pollfd *fds, nfds_t count, const Spec *t, const sigset_t *mask) {
    REAL(int, "ppoll", struct pollfd *, nfds_t, const Spec *, const sigset_t *);
    Spec into;
    return real(fds, count, longer(t, &into), mask);
}

int pselect(int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, const Spec *restrict t, const sigset_t *restrict mask) {
    REAL(int, "pselect", int, fd_set *, fd_set *, fd_set *, const Spec *, const sigset_t *);
    Spec into;
    return real(count, r, w, x, longer(t, &into), mask);
}

int select(int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x, struct timeval *restrict t) {
    Spec span;
    if (t) span = (Spec){t->tv_sec, t->tv_usec * 1000};
    return pselect(count, r, w, x, t ? &span : NULL, NULL);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int ms) {
    REAL(int, "epoll_wait", int, struct epoll_event *, int, int);
    return real(fd, events, count, longer_ms(ms));
}

int epoll_pwait(int fd, struct epoll_event *events, int count, int ms, const sigset_t *mask) {
    REAL(int, "epoll_pwait", int, struct epoll_event *, int, int, const sigset_t *);
    return real(fd, events, count, longer_ms(ms), mask);
}

/* Rust's standard library waits on futexes without the C library. */
long syscall(long number, ...) {
    REAL(long, "syscall", long, ...);
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    Spec into;
    if (number == SYS_futex) {
        int command = (int)a[1] & FUTEX_CMD_MASK;
        if (command == FUTEX_WAIT) a[3] = (long)longer((const Spec *)a[3], &into);
        if (command == FUTEX_WAIT_BITSET)
            a[3] = (long)later((int)a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, (const Spec *)a[3], &into);
    }
    if (number == SYS_clock_gettime) return clock_gettime((clockid_t)a[0], (Spec *)a[1]);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* WebRTC takes the time at which a packet came from the kernel. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    REAL(ssize_t, "recvmsg", int, struct msghdr *, int);
    ssize_t size = real(fd, message, flags);
    if (size < 0) return size;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMP) continue;
        struct timeval *t = (struct timeval *)CMSG_DATA(c);
        int64_t n = shown(CLOCK_REALTIME, t->tv_sec * SECOND + t->tv_usec * 1000);
        *t = (struct timeval){n / SECOND, n % SECOND / 1000};
    }
    return size;
}
