//! Protos of System V IPC and message queues.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Len,
    Obj::{self, Bytes},
    Ty::*,
    flags::{self, O_CREAT},
};

proto! {
    ipc (call: Uint, first: Int, second: Ulong, third: Ulong, ptr: Ptr, fifth: Long) -> Int;
    mq_getsetattr (mqdes: Fd, u_mqstat: Ptr, u_omqstat: Ptr) -> Zero;
    mq_notify (mqdes: Fd, u_notification: Ptr) -> Zero;
    mq_open (u_name: Str, oflag: Flags(&flags::OPEN), mode: When { arg: 1, mask: O_CREAT, ty: &Mode }, u_attr: When { arg: 1, mask: O_CREAT, ty: &Ptr }) -> Fd;
    mq_timedreceive (mqdes: Fd, u_msg_ptr: Out(&Bytes(Len::Ret)), msg_len: Size, u_msg_prio: Out(&Obj::Uint), u_abs_timeout: Ptr) -> Size;
    mq_timedreceive_time32 (mqdes: Fd, u_msg_ptr: Out(&Bytes(Len::Ret)), msg_len: Uint, u_msg_prio: Out(&Obj::Uint), u_abs_timeout: Ptr) -> Size;
    mq_timedsend (mqdes: Fd, u_msg_ptr: In(&Bytes(Len::Arg(2))), msg_len: Size, msg_prio: Uint, u_abs_timeout: Ptr) -> Zero;
    mq_timedsend_time32 (mqdes: Fd, u_msg_ptr: In(&Bytes(Len::Arg(2))), msg_len: Uint, msg_prio: Uint, u_abs_timeout: Ptr) -> Zero;
    mq_unlink (u_name: Str) -> Zero;
    msgctl (msqid: Int, cmd: Enum(&flags::MSG_CMD), buf: Ptr) -> Int;
    msgget (key: Int, msgflg: Flags(&flags::IPC)) -> Int;
    msgrcv (msqid: Int, msgp: Ptr, msgsz: Size, msgtyp: Long, msgflg: Flags(&flags::MSG_SNDRCV)) -> Size;
    msgsnd (msqid: Int, msgp: Ptr, msgsz: Size, msgflg: Flags(&flags::MSG_SNDRCV)) -> Zero;
    old_msgctl (msqid: Int, cmd: Enum(&flags::MSG_CMD), buf: Ptr) -> Int;
    old_semctl (semid: Int, semnum: Int, cmd: Enum(&flags::SEM_CMD), arg: Hex) -> Int;
    old_shmctl (shmid: Int, cmd: Enum(&flags::SHM_CMD), buf: Ptr) -> Int;
    semctl (semid: Int, semnum: Int, cmd: Enum(&flags::SEM_CMD), arg: Hex) -> Int;
    semget (key: Int, nsems: Int, semflg: Flags(&flags::IPC)) -> Int;
    semop (semid: Int, tsops: Ptr, nsops: Uint) -> Zero;
    semtimedop (semid: Int, tsops: Ptr, nsops: Uint, timeout: Ptr) -> Zero;
    semtimedop_time32 (semid: Int, tsems: Ptr, nsops: Uint, timeout: Ptr) -> Zero;
    shmat (shmid: Int, shmaddr: Ptr, shmflg: Flags(&flags::SHM)) -> Addr;
    shmctl (shmid: Int, cmd: Enum(&flags::SHM_CMD), buf: Ptr) -> Int;
    shmdt (shmaddr: Ptr) -> Zero;
    shmget (key: Int, size: Size, shmflg: Flags(&flags::SHMGET)) -> Int;
}
