"""`hullguard watch`: an alert the moment something happens on an engine that a control forbids.

`events` follows the engine's stream, `engine` asks it questions, `judge` decides on a container, `execs` on a
command in it, `files` looks at daemon.json; `presence` and `attend` know when the engine was away, and catch
up; `work` and `service` put them together; `alerts`, `sinks` and `journal` say it.
"""
