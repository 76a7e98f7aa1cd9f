//! The running kernel's tracing: an instance of our own, in which one thread's calls are recorded.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io, thread};

const TRACING: &str = "/sys/kernel/tracing";

/// The events of system calls.
pub(crate) fn events() -> PathBuf {
    Path::new(TRACING).join("events/syscalls")
}

/// An instance of the kernel's tracing, removed when it goes.
pub(crate) struct Instance(PathBuf);

impl Instance {
    /// The error says which file it was.
    pub(crate) fn new() -> io::Result<Instance> {
        // Tests that run at the same time have instances of their own.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("instances/everycall-{}-{count}", std::process::id());
        let path = Path::new(TRACING).join(name);
        fs::create_dir(&path).map_err(|error| at(&path, &error))?;
        let instance = Instance(path);
        instance.set("buffer_size_kb", "1024")?;
        Ok(instance)
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        let path = self.0.join(file);
        fs::write(&path, value).map_err(|error| at(&path, &error))
    }

    /// Runs `calls` on a thread of its own with all events of system calls on; gives that thread's trace, one line an event.
    ///
    /// The events of other threads are recorded too, and left out here. Giving the kernel the thread's id instead
    /// (`set_event_pid`) would make it patch the code of its scheduler, which processors that QEMU emulates can be
    /// caught at: then an x86 kernel panics.
    pub(crate) fn trace(&self, calls: impl FnOnce() + Send) -> io::Result<String> {
        self.set("tracing_on", "0")?;
        self.set("events/syscalls/enable", "1")?;
        let tid = thread::scope(|scope| {
            let maker = scope.spawn(|| -> io::Result<String> {
                let task = fs::read_link("/proc/thread-self")?;
                // Only the calls are recorded, and not how long the events take to come and go.
                self.set("tracing_on", "1")?;
                calls();
                self.set("tracing_on", "0")?;
                let tid = task.file_name().unwrap_or_default();
                Ok(tid.to_string_lossy().into_owned())
            });
            maker.join().expect("the thread does not panic")
        })?;
        self.set("events/syscalls/enable", "0")?;
        let path = self.0.join("trace");
        let trace = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
        // `comm-tid [cpu] ...`
        let task = format!("-{tid} ");
        let ours: Vec<_> = trace.lines().filter(|line| line.contains(&task)).collect();
        Ok(ours.join("\n"))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // An instance whose events are on can be removed too.
        if let Err(error) = fs::remove_dir(&self.0) {
            println!("{} is left behind: {error}", self.0.display());
        }
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
