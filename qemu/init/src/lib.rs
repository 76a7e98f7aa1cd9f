//! PID 1 of a machine, and the frames that it and the host speak.
