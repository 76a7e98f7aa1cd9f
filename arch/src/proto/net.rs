//! Protos of sockets.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Len,
    Obj::{self, Bytes, Ints, Sockaddr},
    Ty::*,
    flags,
};

proto! {
    accept (fd: Fd, upeer_sockaddr: Out(&Sockaddr(Len::DerefArg(2))), upeer_addrlen: InOut(&Obj::Int)) -> Fd;
    accept4 (fd: Fd, upeer_sockaddr: Out(&Sockaddr(Len::DerefArg(2))), upeer_addrlen: InOut(&Obj::Int), flags: Flags(&flags::SOCK_FLAGS)) -> Fd;
    bind (fd: Fd, umyaddr: In(&Sockaddr(Len::Arg(2))), addrlen: Int) -> Zero;
    connect (fd: Fd, uservaddr: In(&Sockaddr(Len::Arg(2))), addrlen: Int) -> Zero;
    getpeername (fd: Fd, usockaddr: Out(&Sockaddr(Len::DerefArg(2))), usockaddr_len: InOut(&Obj::Int)) -> Zero;
    getpmsg (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    getsockname (fd: Fd, usockaddr: Out(&Sockaddr(Len::DerefArg(2))), usockaddr_len: InOut(&Obj::Int)) -> Zero;
    getsockopt (fd: Fd, level: Enum(&flags::SOL), optname: Int, optval: Ptr, optlen: InOut(&Obj::Int)) -> Zero;
    listen (fd: Fd, backlog: Int) -> Zero;
    putpmsg (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    recv (fd: Fd, ubuf: Out(&Bytes(Len::RetUpTo(2))), size: Size, flags: Flags(&flags::MSG)) -> Size;
    recvfrom (fd: Fd, ubuf: Out(&Bytes(Len::RetUpTo(2))), size: Size, flags: Flags(&flags::MSG), addr: Out(&Sockaddr(Len::DerefArg(5))), addr_len: InOut(&Obj::Int)) -> Size;
    recvmmsg (fd: Fd, mmsg: Ptr, vlen: Uint, flags: Flags(&flags::MSG), timeout: Ptr) -> Int;
    recvmmsg_time32 (fd: Fd, mmsg: Ptr, vlen: Uint, flags: Flags(&flags::MSG), timeout: Ptr) -> Int;
    recvmsg (fd: Fd, msg: Ptr, flags: Flags(&flags::MSG)) -> Size;
    send (fd: Fd, buff: In(&Bytes(Len::Arg(2))), len: Size, flags: Flags(&flags::MSG)) -> Size;
    sendmmsg (fd: Fd, mmsg: Ptr, vlen: Uint, flags: Flags(&flags::MSG)) -> Int;
    sendmsg (fd: Fd, msg: Ptr, flags: Flags(&flags::MSG)) -> Size;
    sendto (fd: Fd, buff: In(&Bytes(Len::Arg(2))), len: Size, flags: Flags(&flags::MSG), addr: In(&Sockaddr(Len::Arg(5))), addr_len: Int) -> Size;
    setsockopt (fd: Fd, level: Enum(&flags::SOL), optname: Int, optval: Ptr, optlen: Int) -> Zero;
    shutdown (fd: Fd, how: Enum(&flags::SHUT)) -> Zero;
    socket (family: Enum(&flags::AF), type: Flags(&flags::SOCK), protocol: Int) -> Fd;
    socketcall (call: Enum(&flags::SOCKETCALL), args: Ptr) -> Int;
    socketpair (family: Enum(&flags::AF), type: Flags(&flags::SOCK), protocol: Int, usockvec: Out(&Ints(Len::Fixed(2)))) -> Zero;
}
