//! The addresses of a sample.

use linux_perf_data::linux_perf_event_reader::{CpuMode, SampleRecord};

/// Entries of a call chain from here on are no addresses but say whose the next ones are.
const MARKERS: u64 = -4095_i64 as u64;
const MARK_KERNEL: u64 = -128_i64 as u64;
const MARK_USER: u64 = -512_i64 as u64;

/// An address of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// An instruction that was under way, or the one that a call returns to.
    value: u64,
    pub(super) is_kernel: bool,
    is_return: bool,
}

impl Address {
    /// An address within the instruction that was under way: a call returns to what is behind it, which may
    /// be another function.
    pub(super) fn place(self) -> u64 {
        self.value.wrapping_sub(u64::from(self.is_return))
    }
}

/// Leaf first; `unwound` is what is known of the program's part from elsewhere, its first instruction included.
pub(super) fn addresses(sample: &SampleRecord<'_>, unwound: &[u64], most: usize) -> Vec<Address> {
    let is_in_kernel =
        matches!(sample.cpu_mode, CpuMode::Kernel | CpuMode::Hypervisor | CpuMode::GuestKernel);
    let mut found = recorded(sample, is_in_kernel, most);
    // The chain begins with the address of the sample, unless there is none of where it was.
    if let Some(ip) = sample.ip.filter(|ip| found.first().map(|first| first.value) != Some(*ip)) {
        found.insert(0, Address { value: ip, is_kernel: is_in_kernel, is_return: false });
    }
    let known = found.iter().filter(|one| !one.is_kernel).count();
    // A chain that has the program's part already knows as much.
    if unwound.len() > known {
        found.retain(|one| one.is_kernel);
        let user = unwound.iter().enumerate();
        found.extend(user.map(|(at, value)| Address { value: *value, is_kernel: false, is_return: at > 0 }));
    }
    found.truncate(most);
    found
}

fn recorded(sample: &SampleRecord<'_>, is_in_kernel: bool, most: usize) -> Vec<Address> {
    let (mut is_kernel, mut is_return) = (is_in_kernel, false);
    let mut found = Vec::new();
    let Some(chain) = &sample.callchain else { return found };
    for value in (0..chain.len().min(most)).map_while(|at| chain.get(at)) {
        match value {
            // The first address of the kernel or the program is where it was, not where a call returns to.
            MARK_KERNEL => (is_kernel, is_return) = (true, false),
            MARK_USER => (is_kernel, is_return) = (false, false),
            other if other >= MARKERS => {}
            value => {
                found.push(Address { value, is_kernel, is_return });
                is_return = true;
            }
        }
    }
    found
}
