"""Every fault that a device must bear, what must come of it, and within what figure. Each is injected by a test that names its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the reliability table."""

    fault: str
    expected: str


# fmt: off
ROWS: Final[dict[str, Row]] = {
    "loss-5":          Row("packet loss 5 %",                          "stays live, 0 reconnects"),
    "loss-20":         Row("packet loss 20 %",                         "degraded, at most 1 reconnect in 10 min"),
    "latency":         Row("latency 500 ± 200 ms",                     "stays live, 0 restarts"),
    "network-5s":      Row("network gone for 5 s in a call",           "back alone, 3 s after it heals"),
    "network-60s":     Row("network gone for 60 s in a call",          "back alone, 10 s after it heals"),
    "network-1h":      Row("network gone for 1 h",                     "back alone, 65 s after it heals"),
    "address":         Row("the device's address changes in a call",   "back alone in 10 s"),
    "dns-fails":       Row("DNS fails",                                "named, loop lag below 100 ms"),
    "dns-hangs":       Row("DNS hangs",                                "given up after 5 s, loop lag below 100 ms"),
    "tls-expired":     Row("TLS certificate expired",                  "fault, not one byte of the key sent"),
    "tls-wrong-host":  Row("TLS certificate of another host",          "fault, not one byte of the key sent"),
    "captive-portal":  Row("captive portal",                           "named as such in 10 s"),
    "boot-offline":    Row("boots offline",                            "READY and LED «offline» in 15 s"),
    "clock-wrong":     Row("clock wrong, then right",                  "waits; works 10 s after it is right"),
    "clock-jump":      Row("clock jumps by a day in a call",           "changes nothing"),
    "api-401":         Row("session API answers 401, 402, 403",        "fault, at most 1 request in 5 min"),
    "api-429":         Row("session API answers 429",                  "no request before Retry-After"),
    "api-5xx":         Row("session API answers 5xx",                  "at most 20 requests in 10 min, back 65 s after it heals"),
    "api-slow":        Row("session API's answer hangs or drips",      "refused and named, 10 s in all"),
    "api-malformed":   Row("session API's answer is malformed",        "refused and named"),
    "api-10mb":        Row("session API's answer has 10 MB",           "refused and named, 64 KiB read at most"),
    "token-before":    Row("token expires before the join",            "one new token; the press still becomes a call"),
    "token-in-call":   Row("token expires in a call",                  "0 drops"),
    "server-restart":  Row("media server killed and restarted",        "rejoins 15 s after it is up"),
    "server-1h":       Row("media server away for 1 h",                "back 65 s after it is up"),
    "room-deleted":    Row("room deleted",                             "idle in 2 s, no rejoin"),
    "removed":         Row("participant removed",                      "idle in 2 s, no rejoin"),
    "displaced":       Row("duplicate identity",                       "fault, at most 1 rejoin in 5 min"),
    "agent-never":     Row("the agent never comes",                    "said aloud and hung up in 10 s"),
    "agent-leaves":    Row("the agent leaves",                         "said aloud and hung up in 5 s"),
    "mic-unplugged":   Row("microphone unplugged, replugged",          "seen in 2 s, back 5 s after"),
    "speaker-unplugged": Row("speaker unplugged, replugged",           "seen in 2 s, back 5 s after"),
    "device-busy":     Row("sound device busy",                        "retried, back 5 s after it is free"),
    "device-rate":     Row("sound device of another rate",             "resampled"),
    "sound-stalls":    Row("sound stalls without an error",            "seen in 3 s by the frame clock"),
    "xruns":           Row("burst of xruns",                           "counted, 1 log line a minute"),
    "bounces":         Row("50 bounces in 20 ms",                      "one press within 60 ms"),
    "button-stuck":    Row("button stuck",                             "one event, a fault after 10 s, no loop"),
    "led-missing":     Row("LED missing, pin taken",                   "runs without; named in 1 s"),
    "sigterm":         Row("SIGTERM in a call",                        "leaves the room, LED off, exit 0 in 3 s"),
    "sighup-good":     Row("SIGHUP with a good file in a call",        "applied in 1 s, the call goes on"),
    "sighup-bad":      Row("SIGHUP with a bad file in a call",         "old one kept and the error said in 1 s, the call goes on"),
    "loop-stalled":    Row("event loop stalled",                       "watchdog withheld, stacks dumped, in 25 s"),
    "disk-full":       Row("disk full",                                "runs, 0 crashes"),
    "read-only":       Row("file system read-only",                    "runs, 0 crashes"),
    "io-error":        Row("I/O errors of the disk",                   "runs, 0 crashes"),
    "power-cut":       Row("power cut in a write",                     "the old or the new file, 0 torn in 500"),
    "bad-yaml":        Row("bad YAML, unknown key, wrong type",        "every error with line and column, exit 78 in 1 s"),
    "bad-file":        Row("huge file, alias bomb, not UTF-8, FIFO, world-readable key", "refused and named in 100 ms"),
    "sessions":        Row("1,000 sessions in a row",                  "memory, threads, descriptors grow under 5 % after the first 50"),
}
# fmt: on
