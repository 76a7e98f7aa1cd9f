//! Makes a wish into an order: finds the kernel and the userland, builds PID 1, and puts the image together.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::accel;
use crate::image::{self, ImageError, Parts};
use crate::init::{self, InitError};
use crate::kernel::{Kernel, PathError};
use crate::kernels::{self, KernelError};
use crate::machine::{Machine, NoMachine};
use crate::qemu::Boot;
use crate::server::Order;
use crate::wish::Wish;

/// Why no machine could be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error(transparent)]
    NoMachine(#[from] NoMachine),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Kernel(#[from] KernelError),
    #[error("cannot find {0}: {1}")]
    File(PathBuf, io::Error),
}

/// The variable that names a userland's root directory.
const USERLAND: &str = "EVERYCALL_USERLAND";

/// All that a server needs to boot.
pub(crate) fn order(wish: &Wish) -> Result<Order, PrepareError> {
    let machine = wish.machine()?;
    let cache = kernels::cache_dir()?;
    let kernel = kernel(machine, wish.kernel.as_deref())?;
    let userland = userland(machine)?;
    let init = init::build(machine, &cache)?;
    let parts = Parts {
        machine,
        kernel: &kernel,
        init: &init,
        userland: &userland,
    };
    let image = image::get(&parts, &cache)?;
    let kernel = absolute(&kernel.image)?;
    let accel = match &wish.accel {
        Some(accel) => accel.clone(),
        None => {
            let file = File::open(&image);
            let boot = Boot {
                machine,
                kernel: &kernel,
                image: &file.map_err(|error| PrepareError::File(image.clone(), error))?,
                memory: &wish.memory,
                kernel_args: &wish.kernel_args,
                accel: machine.emulated,
                shares: &[],
            };
            accel::choose(&boot, &cache)
        }
    };
    Ok(Order {
        wish: wish.clone(),
        kernel,
        image,
        accel,
    })
}

fn kernel(machine: &Machine, name: Option<&str>) -> Result<Kernel, PrepareError> {
    match name {
        Some(path) if path.contains('/') => Ok(Kernel::at(&absolute(Path::new(path))?)?),
        name => Ok(kernels::find(machine.debian, name)?),
    }
}

fn userland(machine: &Machine) -> Result<PathBuf, PrepareError> {
    match std::env::var_os(USERLAND) {
        Some(named) => absolute(Path::new(&named)),
        None => Ok(kernels::userland(machine.debian)?),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, PrepareError> {
    path.canonicalize()
        .map_err(|error| PrepareError::File(path.to_owned(), error))
}
