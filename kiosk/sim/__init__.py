"""The loopback world: session API, media server, agent and hardware that the demo and the tests run on."""
