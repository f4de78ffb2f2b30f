//! How the C library is to take memory for the buffers of frames.
#![allow(unsafe_code)]

/// What is at least this long is mapped by itself: nothing but the buffers of [`frame`](crate::frame).
#[cfg(target_env = "gnu")]
const MAPPED: libc::c_int = 32 * 1024;

/// Has each long buffer mapped by itself, so that the pages of it that nothing is written to take no
/// memory, and no time: glibc would take them from the heap, and fill them with zeros. Other C
/// libraries look whether they are zero already. To be called before any other thread runs.
pub fn map_buffers() {
    // SAFETY: mallopt(3) takes any numbers.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
    }
}
