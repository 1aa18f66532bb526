// The numbers of the kernel's interface that the ring and its engine use, under the names of
// <linux/io_uring.h>, <linux/socket.h> and <asm-generic/mman.h>; the test compares them with the
// first of these headers where it is installed. Structures are laid out as on 64-bit little-endian
// Linux. The ring's structures are reached as 32-bit words, so their fields are given in words
// (…_WORD); the others in bytes (…_OFFSET).

// io_uring has the same system call numbers on every architecture that Bun runs on.
export const SYS_IO_URING_SETUP = 425;
export const SYS_IO_URING_ENTER = 426;
export const SYS_IO_URING_REGISTER = 427;

// Operations, with the first kernel that has each.
export const IORING_OP_NOP = 0; // 5.1
export const IORING_OP_SENDMSG = 9; // 5.3
export const IORING_OP_TIMEOUT = 11; // 5.4
export const IORING_OP_ACCEPT = 13; // 5.5
export const IORING_OP_ASYNC_CANCEL = 14; // 5.5
export const IORING_OP_READ = 22; // 5.6
export const IORING_OP_SEND = 26; // 5.6
export const IORING_OP_RECV = 27; // 5.6
export const IORING_OP_SOCKET = 45; // 5.19

// Flags of io_uring_setup.
export const IORING_SETUP_CQSIZE = 1 << 3; // 5.5
export const IORING_SETUP_CLAMP = 1 << 4; // 5.6
export const IORING_SETUP_SUBMIT_ALL = 1 << 7; // 5.18
export const IORING_SETUP_COOP_TASKRUN = 1 << 8; // 5.19
export const IORING_SETUP_SINGLE_ISSUER = 1 << 12; // 6.0
export const IORING_SETUP_DEFER_TASKRUN = 1 << 13; // 6.1

// What io_uring_setup answers that the kernel can do.
export const IORING_FEAT_SINGLE_MMAP = 1 << 0; // 5.4
export const IORING_FEAT_NODROP = 1 << 1; // 5.5
export const IORING_FEAT_SUBMIT_STABLE = 1 << 2; // 5.5
export const IORING_FEAT_FAST_POLL = 1 << 5; // 5.7
export const IORING_FEAT_EXT_ARG = 1 << 8; // 5.11
export const IORING_FEAT_RW_ATTR = 1 << 16; // 6.14

// Flags of io_uring_enter.
export const IORING_ENTER_GETEVENTS = 1 << 0;
export const IORING_ENTER_EXT_ARG = 1 << 3; // 5.11
export const IORING_ENTER_REGISTERED_RING = 1 << 4; // 5.18

// What io_uring_register does.
export const IORING_REGISTER_FILES_UPDATE = 6; // 5.5
export const IORING_REGISTER_PROBE = 8;
export const IORING_REGISTER_FILES2 = 13; // 5.13
export const IORING_REGISTER_RING_FDS = 20; // 5.18
export const IORING_UNREGISTER_RING_FDS = 21; // 5.18
export const IORING_REGISTER_SYNC_CANCEL = 24; // 6.0
// … and how: a table of places that have no file yet.
export const IORING_RSRC_REGISTER_SPARSE = 1 << 0; // 5.19

// Flags of the submission queue, written by the kernel.
export const IORING_SQ_CQ_OVERFLOW = 1 << 1;

// Flags of one operation: of any, …
export const IOSQE_FIXED_FILE = 1 << 0; // 5.1
// … in ioprio …
export const IORING_ACCEPT_MULTISHOT = 1 << 0; // 5.19
export const IORING_RECVSEND_POLL_FIRST = 1 << 0; // 5.19
// … and in the operation's own word.
export const IORING_ASYNC_CANCEL_ALL = 1 << 0; // 5.19
export const IORING_ASYNC_CANCEL_FD = 1 << 1; // 5.19
export const IORING_ASYNC_CANCEL_ANY = 1 << 2; // 5.19

// Flags of a completion.
export const IORING_CQE_F_MORE = 1 << 1;

// Where mmap finds the rings.
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_CQ_RING = 0x8000000;
export const IORING_OFF_SQES = 0x10000000;

// struct io_uring_params, 120 bytes, with struct io_sqring_offsets and io_cqring_offsets inside:
//
//   0 sq_entries  1 cq_entries  2 flags  3 sq_thread_cpu  4 sq_thread_idle  5 features  6 wq_fd
//   10 head  11 tail  12 ring_mask  13 ring_entries  14 flags     15 dropped  16 array
//   20 head  21 tail  22 ring_mask  23 ring_entries  24 overflow  25 cqes     26 flags
export const PARAMS_WORDS = 30;
export const PARAMS_SQ_ENTRIES_WORD = 0;
export const PARAMS_CQ_ENTRIES_WORD = 1;
export const PARAMS_FLAGS_WORD = 2;
export const PARAMS_FEATURES_WORD = 5;
export const SQ_OFF_HEAD_WORD = 10;
export const SQ_OFF_TAIL_WORD = 11;
export const SQ_OFF_FLAGS_WORD = 14;
export const SQ_OFF_DROPPED_WORD = 15;
export const SQ_OFF_ARRAY_WORD = 16;
export const CQ_OFF_HEAD_WORD = 20;
export const CQ_OFF_TAIL_WORD = 21;
export const CQ_OFF_OVERFLOW_WORD = 24;
export const CQ_OFF_CQES_WORD = 25;

// struct io_uring_sqe, 64 bytes:
//
//   0  opcode u8, flags u8, ioprio u16     6      len
//   1  fd                                  7      flags of the operation
//   2–3  off                               8–9    user_data
//   4–5  addr                              10     buf_index or buf_group u16, personality u16
//                                          11–15  of no use here
export const SQE_WORDS = 16;
export const SQE_OPCODE_WORD = 0;
export const SQE_FLAGS_SHIFT = 8;
export const SQE_IOPRIO_SHIFT = 16;
export const SQE_FD_WORD = 1;
export const SQE_OFF_WORD = 2;
export const SQE_ADDR_WORD = 4;
export const SQE_LEN_WORD = 6;
export const SQE_OP_FLAGS_WORD = 7;
export const SQE_USER_DATA_WORD = 8;

// struct io_uring_cqe, 16 bytes: 0–1 user_data, 2 res, 3 flags.
export const CQE_WORDS = 4;
export const CQE_USER_DATA_LOW_WORD = 0;
export const CQE_USER_DATA_HIGH_WORD = 1;
export const CQE_RES_WORD = 2;
export const CQE_FLAGS_WORD = 3;

// struct io_uring_getevents_arg, 24 bytes: 0–1 sigmask, 2 sigmask_sz, 3 pad, 4–5 ts.
export const GETEVENTS_WORDS = 6;
export const GETEVENTS_SIGMASK_SIZE_WORD = 2;
export const GETEVENTS_TS_WORD = 4;
/** Of a kernel signal mask. */
export const SIGMASK_SIZE = 8;

// struct __kernel_timespec, 16 bytes: 0–1 tv_sec, 2–3 tv_nsec.
export const TIMESPEC_WORDS = 4;
export const TIMESPEC_SECONDS_WORD = 0;
export const TIMESPEC_NANOSECONDS_WORD = 2;

// struct io_uring_probe: last_op u8, ops_len u8, padding to 16 bytes, then for each operation
// struct io_uring_probe_op of 8 bytes: op u8, padding u8, flags u16, padding.
export const PROBE_OPS_COUNT_OFFSET = 1;
export const PROBE_OPS_OFFSET = 16;
export const PROBE_OP_SIZE = 8;
export const PROBE_OP_FLAGS_OFFSET = 2;
export const PROBE_OP_COUNT_MAX = 256;
export const IO_URING_OP_SUPPORTED = 1 << 0;

// struct io_uring_rsrc_update, 16 bytes: 0 offset, 1 padding, 2–3 data.
export const RSRC_UPDATE_WORDS = 4;
export const RSRC_UPDATE_OFFSET_WORD = 0;
export const RSRC_UPDATE_DATA_WORD = 2;

// struct io_uring_rsrc_register, 32 bytes: 0 nr, 1 flags, 2–3 reserved, 4–5 data, 6–7 tags.
export const RSRC_REGISTER_WORDS = 8;
export const RSRC_REGISTER_COUNT_WORD = 0;
export const RSRC_REGISTER_FLAGS_WORD = 1;

// struct io_uring_sync_cancel_reg, 64 bytes: 0–1 addr, 2 fd, 3 flags, 4–7 timeout, 8–15.
export const SYNC_CANCEL_WORDS = 16;
export const SYNC_CANCEL_FLAGS_WORD = 3;
export const SYNC_CANCEL_TIMEOUT_WORD = 4;

// struct msghdr, 56 bytes: 0–1 name, 2 namelen, 4–5 iovec, 6–7 iovlen, 8–9 control, 10–11
// controllen, 12 flags; struct iovec, 16 bytes: 0–1 base, 2–3 length.
export const MSGHDR_WORDS = 14;
export const MSGHDR_IOVEC_WORD = 4;
export const MSGHDR_IOVEC_COUNT_WORD = 6;
export const IOVEC_WORDS = 4;
export const IOVEC_BASE_WORD = 0;
export const IOVEC_LENGTH_WORD = 2;

// struct sockaddr_in (16 bytes), sockaddr_in6 (28) and sockaddr_un (at most 110); the family is a
// u16 in the machine's order, the port a u16 in the network's.
export const SOCKADDR_FAMILY_OFFSET = 0;
export const SOCKADDR_PORT_OFFSET = 2;
export const SOCKADDR_IN_SIZE = 16;
export const SOCKADDR_IN_ADDR_OFFSET = 4;
export const SOCKADDR_IN6_SIZE = 28;
export const SOCKADDR_IN6_ADDR_OFFSET = 8;
export const SOCKADDR_UN_SIZE = 110;
export const SOCKADDR_UN_PATH_OFFSET = 2;

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_CLOEXEC = 0x80000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const SHUT_WR = 1;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_NOSIGNAL = 0x4000;
export const F_DUPFD_CLOEXEC = 1030;
export const EFD_CLOEXEC = 0x80000;
export const EFD_NONBLOCK = 0x800;

export const PROT_READ = 0x1;
export const PROT_WRITE = 0x2;
export const MAP_SHARED = 0x1;
export const MAP_PRIVATE = 0x2;
export const MAP_ANONYMOUS = 0x20;
export const MAP_POPULATE = 0x8000;
