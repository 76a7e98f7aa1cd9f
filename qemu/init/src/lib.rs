//! The frames that a machine's PID 1 and the host speak over one virtio-serial port.

pub mod frame;
pub mod message;
