/* An ALSA hook that makes a PCM exclusive, as a sound card's own is: who opens it while another program has it gets EBUSY.
   Without ALSA's headers, so that a compiler is all it needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct snd_pcm snd_pcm_t;
typedef struct snd_config snd_config_t;
typedef struct snd_pcm_hook snd_pcm_hook_t;
enum { ON_CLOSE = 2 }; /* SND_PCM_HOOK_TYPE_CLOSE */

int snd_config_search(snd_config_t *, const char *key, snd_config_t **found);
int snd_config_get_string(const snd_config_t *, const char **text);
int snd_pcm_hook_add(snd_pcm_hook_t **, snd_pcm_t *, int type, int (*function)(snd_pcm_hook_t *), void *mine);
void *snd_pcm_hook_get_private(snd_pcm_hook_t *);

char _exclusive_dlsym_pcm_001; /* how ALSA knows that this was built for it */

static int release(snd_pcm_hook_t *hook) {
    return close((int)(intptr_t)snd_pcm_hook_get_private(hook));
}

int exclusive(snd_pcm_t *pcm, snd_config_t *arguments) {
    snd_config_t *entry;
    snd_pcm_hook_t *hook;
    const char *path;
    if (snd_config_search(arguments, "lock", &entry) < 0 || snd_config_get_string(entry, &path) < 0)
        return -EINVAL;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return -errno;
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        close(lock);
        return -EBUSY;
    }
    int failed = snd_pcm_hook_add(&hook, pcm, ON_CLOSE, release, (void *)(intptr_t)lock);
    if (failed < 0)
        close(lock);
    return failed;
}
