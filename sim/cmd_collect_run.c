/* cmd_collect_run.c - starts the program, passes signals on, and waits.
 *
 * A pipe that closes when the program is executed tells what went wrong before that.  SIGCHLD is blocked and waited for, so
 * that the end is seen at once and a second passes without a timer. */
#include "config.h"

#include "sim/cmd_collect_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A handler has no other way to know. */
static volatile sig_atomic_t child;

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
enum { N_PASSED = sizeof passed_on / sizeof *passed_on };

/* From the terminal (the kernel) the program gets it, too. */
static void pass_on(int number, siginfo_t *info, void *context)
{
  int saved = errno;
  (void)context;
  if (child > 0 && info->si_code <= 0)
    kill((pid_t)child, number);
  errno = saved;
}

static void catch_signals(struct sigaction old[N_PASSED])
{
  struct sigaction act = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigemptyset(&act.sa_mask);
  for (int i = 0; i < N_PASSED; i++) {
    sigaction(passed_on[i], NULL, &old[i]);
    if ((old[i].sa_flags & SA_SIGINFO) || old[i].sa_handler != SIG_IGN) /* nohup's wish holds */
      sigaction(passed_on[i], &act, NULL);
  }
}

static void release_signals(const struct sigaction old[N_PASSED])
{
  for (int i = 0; i < N_PASSED; i++)
    sigaction(passed_on[i], &old[i], NULL);
}

static void become(char *const *argv, int report, const sigset_t *mask)
{
  sigprocmask(SIG_SETMASK, mask, NULL);
  execvp(argv[0], argv);
  int error = errno;
  while (write(report, &error, sizeof error) < 0 && errno == EINTR)
    ;
  _exit(error == ENOENT ? 127 : 126);
}

static int start(char *const *argv, const sigset_t *mask, struct cr_program_end *out, struct cr_err *err)
{
  int end[2];
  ssize_t n;
  if (pipe(end))
    return cr_fail(err, CR_ERUN, "%s cannot be started: %s", argv[0], strerror(errno));
  fcntl(end[0], F_SETFD, FD_CLOEXEC);
  fcntl(end[1], F_SETFD, FD_CLOEXEC);
  pid_t pid = fork();
  if (pid == 0)
    become(argv, end[1], mask);
  int error = errno;
  close(end[1]);
  if (pid < 0) {
    close(end[0]);
    return cr_fail(err, CR_ERUN, "%s cannot be started: %s", argv[0], strerror(error));
  }
  child = (sig_atomic_t)pid;
  while ((n = read(end[0], &out->error, sizeof out->error)) < 0 && errno == EINTR)
    ;
  if (n != (ssize_t)sizeof out->error)
    out->error = 0;
  close(end[0]);
  return CR_OK;
}

static void wait_for(const sigset_t *chld, void (*on_second)(void *ctx), void *ctx, struct cr_program_end *out)
{
  const struct timespec second = {.tv_sec = 1};
  int status = 0;
  for (;;) {
    pid_t got = waitpid((pid_t)child, &status, WNOHANG);
    if (got == (pid_t)child || (got < 0 && errno == ECHILD))
      break;
    if (sigtimedwait(chld, NULL, &second) < 0 && errno == EAGAIN && on_second)
      on_second(ctx);
  }
  child = 0;
  if (WIFSIGNALED(status))
    out->signal = WTERMSIG(status);
  else
    out->status = WEXITSTATUS(status);
}

int cr_cmd_collect_run(char *const *argv, void (*on_second)(void *ctx), void *ctx, struct cr_program_end *out,
                       struct cr_err *err)
{
  struct sigaction old[N_PASSED];
  sigset_t chld, mask;
  *out = (struct cr_program_end){0};
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, &mask);
  catch_signals(old);
  int rc = start(argv, &mask, out, err);
  if (!rc)
    wait_for(&chld, on_second, ctx, out);
  release_signals(old);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  return rc;
}
