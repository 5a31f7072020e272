"""Control: how others see and steer the running daemon, over a Unix socket."""
