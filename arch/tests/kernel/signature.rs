//! An entry point's arguments as a kernel declares them.

use std::path::Path;
use std::{fmt, fs, io};

use everycall_arch::flags::{EnumSet, FlagSet};
use everycall_arch::{AbiId, Ty};

/// One argument: its C type and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    /// `unsigned int`, `const char *`.
    pub(crate) ty: String,
    /// `fd`.
    pub(crate) name: String,
}

/// An entry point, without `sys_`, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) entry: String,
    pub(crate) args: Vec<Declared>,
}

/// How wide a C type is, and whether it is an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// 16 bits.
    Short,
    /// 32 bits.
    Int,
    /// As wide as a word of the ABI.
    Long,
    /// An address, as wide as a word of the ABI.
    Address,
    /// 64 bits.
    Wide,
}

impl Declared {
    /// `const char * filename` gives type and name.
    fn parse(declaration: &str) -> Option<Declared> {
        let declaration = declaration.trim();
        let at = declaration.rfind([' ', '*'])? + 1;
        let (ty, name) = declaration.split_at_checked(at)?;
        Some(Declared {
            ty: ty.trim().to_owned(),
            name: name.to_owned(),
        })
    }

    /// Without what is constant about it.
    fn plain_ty(&self) -> &str {
        let ty = self.ty.strip_prefix("const ").unwrap_or(&self.ty);
        ty.strip_suffix("const").unwrap_or(ty).trim_end()
    }

    /// `None` for a type that is not known here.
    fn width(&self) -> Option<Width> {
        if self.plain_ty().ends_with('*') {
            return Some(Width::Address);
        }
        match self.plain_ty() {
            "cap_user_header_t" | "cap_user_data_t" | "__sighandler_t" => Some(Width::Address),
            "umode_t" | "old_uid_t" | "old_gid_t" => Some(Width::Short),
            "loff_t" | "u64" | "__u64" => Some(Width::Wide),
            "long" | "unsigned long" | "size_t" | "off_t" | "aio_context_t" | "old_sigset_t"
            | "compat_ulong_t" => Some(Width::Long),
            "int" | "unsigned" | "unsigned int" | "u32" | "__u32" | "__s32" | "uint32_t"
            | "pid_t" | "uid_t" | "gid_t" | "qid_t" | "key_t" | "key_serial_t" | "mqd_t"
            | "timer_t" | "clockid_t" | "rwf_t" => Some(Width::Int),
            other if other.starts_with("enum ") => Some(Width::Int),
            _ => None,
        }
    }

    /// Whether an argument of our type looks at as much as the kernel does.
    pub(crate) fn fits(&self, abi: AbiId, ty: Ty) -> bool {
        let Some(declared) = self.width() else {
            return false;
        };
        match width(ty) {
            // Addresses that the kernel does not follow by itself are `unsigned long`s to it: `brk`'s.
            Width::Address => matches!(declared, Width::Address | Width::Long),
            Width::Long if declared == Width::Address => matches!(ty, Ty::Hex),
            ours @ (Width::Int | Width::Long) if abi.abi().word_bits == 32 => {
                matches!((ours, declared), (_, Width::Int | Width::Long))
            }
            ours => declared == ours,
        }
    }

    /// `offset_lo`, `off_low`, `poslo` are the lower halves of `offset`, `off` and `pos`.
    fn half_of(&self, halves: [&str; 2]) -> Option<&str> {
        let name = halves
            .iter()
            .find_map(|half| self.name.strip_suffix(half))?;
        Some(name.trim_end_matches('_'))
    }
}

/// How wide an argument of our type is.
pub(crate) fn width(ty: Ty) -> Width {
    match ty {
        Ty::U64 | Ty::Loff => Width::Wide,
        Ty::Ptr
        | Ty::Str
        | Ty::Path
        | Ty::Argv
        | Ty::Envp
        | Ty::In(_)
        | Ty::Out(_)
        | Ty::InOut(_) => Width::Address,
        Ty::Long | Ty::Ulong | Ty::Hex | Ty::Size | Ty::Off => Width::Long,
        Ty::Flags(FlagSet { long: true, .. }) | Ty::Enum(EnumSet { long: true, .. }) => Width::Long,
        Ty::Id16 | Ty::Mode => Width::Short,
        Ty::When { ty, .. } => width(*ty),
        Ty::Int
        | Ty::Uint
        | Ty::Fd
        | Ty::Dirfd
        | Ty::Pid
        | Ty::Uid
        | Ty::Gid
        | Ty::Signal
        | Ty::Flags(_)
        | Ty::Enum(_) => Width::Int,
    }
}

impl Signature {
    /// From an event's `format`: `\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;` is an argument.
    /// Arguments come after the fields that all events have and `__syscall_nr`; on newer kernels, fields that start
    /// with `__` hold what was read from memory.
    pub(crate) fn from_format(entry: &str, format: &str) -> Signature {
        let args = format
            .lines()
            .filter_map(|line| {
                let (declaration, _) = line.trim().strip_prefix("field:")?.split_once(';')?;
                Declared::parse(declaration)
            })
            .skip_while(|arg| arg.name != "__syscall_nr")
            .skip(1)
            .filter(|arg| !arg.name.starts_with("__"))
            .collect();
        Signature {
            entry: entry.to_owned(),
            args,
        }
    }

    /// From what `Display` writes: `read(unsigned int fd, char * buf, size_t count)`.
    pub(crate) fn parse(text: &str) -> Option<Signature> {
        let (entry, args) = text.strip_suffix(')')?.split_once('(')?;
        let args = args.split(',').filter(|arg| !arg.is_empty());
        Some(Signature {
            entry: entry.to_owned(),
            args: args.map(Declared::parse).collect::<Option<_>>()?,
        })
    }

    /// The arguments, with two that are the halves of one, low half first, as one of 64 bits.
    pub(crate) fn joined(&self) -> Vec<Declared> {
        let mut joined: Vec<Declared> = Vec::new();
        let mut args = self.args.iter().peekable();
        while let Some(arg) = args.next() {
            let whole = arg.half_of(["low", "lo"]);
            let upper = |next: &&Declared| whole.is_some() && next.half_of(["high", "hi"]) == whole;
            match args.next_if(upper).and(whole) {
                Some(name) => joined.push(Declared {
                    ty: "u64".to_owned(),
                    name: name.to_owned(),
                }),
                None => joined.push(arg.clone()),
            }
        }
        joined
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<_> = self
            .args
            .iter()
            .map(|arg| format!("{} {}", arg.ty, arg.name))
            .collect();
        write!(f, "{}({})", self.entry, args.join(", "))
    }
}

/// Every entry point that the running kernel has an event for, by name.
pub(crate) fn running(events: &Path) -> io::Result<Vec<Signature>> {
    let mut found = Vec::new();
    for event in fs::read_dir(events)? {
        let event = event?;
        let name = event.file_name().into_string().unwrap_or_default();
        if let Some(entry) = name.strip_prefix("sys_enter_") {
            let format = fs::read_to_string(event.path().join("format"))?;
            found.push(Signature::from_format(entry, &format));
        }
    }
    found.sort_by(|a, b| a.entry.cmp(&b.entry));
    Ok(found)
}

#[test]
fn a_format_is_understood() {
    let format = "name: sys_enter_openat\nID: 782\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
                  \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
                  \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\
                  \tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\
                  \tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n\nprint fmt: \"dfd: 0x%08lx\"\n";
    let signature = Signature::from_format("openat", format);
    let text = "openat(int dfd, const char * filename)";
    assert_eq!(signature.to_string(), text);
    assert_eq!(Signature::parse(text), Some(signature));
    let none = Signature::parse("getpid()").expect("a signature");
    assert_eq!(none.args, []);
    assert_eq!(none.to_string(), "getpid()");
    for wrong in ["", "getpid", "read(fd", "read(fd)", "read(int fd,,int b)"] {
        assert_eq!(
            Signature::parse(wrong)
                .map(|found| found.to_string())
                .filter(|text| text == wrong),
            None
        );
    }
}

#[test]
fn widths_are_told_apart() {
    let fits_on = |abi, ty: &str, ours| {
        let name = "x".to_owned();
        Declared {
            ty: ty.to_owned(),
            name,
        }
        .fits(abi, ours)
    };
    let fits = |ty, ours| fits_on(AbiId::X86_64, ty, ours);
    assert!(fits("loff_t", Ty::Loff) && fits("unsigned int", Ty::Fd) && fits("size_t", Ty::Size));
    assert!(
        fits("char *", Ty::Path) && fits("unsigned long", Ty::Ptr) && fits("umode_t", Ty::Mode)
    );
    assert!(!fits("loff_t", Ty::Long) && !fits("long", Ty::Loff) && !fits("int", Ty::Size));
    assert!(!fits("unsigned long", Ty::Uint) && !fits("char *", Ty::Int) && !fits("int", Ty::Ptr));
    assert!(!fits("struct unheard_of", Ty::Int));
    // A word of 32 bits is an int and a long.
    assert!(
        fits_on(AbiId::Arm, "unsigned long", Ty::Fd) && !fits_on(AbiId::Arm, "loff_t", Ty::Long)
    );
}

#[test]
fn halves_are_joined() {
    let joined = |text: &str| {
        let args = Signature::parse(text).expect("a signature").joined();
        let entry = String::new();
        Signature { entry, args }.to_string()
    };
    assert_eq!(
        joined("a(int fd, u32 poslo, u32 poshi)"),
        "(int fd, u64 pos)"
    );
    assert_eq!(
        joined("b(int off_low, int off_hi, int n_low, int n_hi)"),
        "(u64 off, u64 n)"
    );
    for apart in [
        "(int off_hi, int off_lo)",
        "(int a_lo, int b_hi)",
        "(int lo)",
        "(int pos)",
    ] {
        assert_eq!(joined(&format!("c{apart}")), apart);
    }
}
