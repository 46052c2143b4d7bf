//! Names of functions as people write them.

use demangle::readable;

/// The name of a symbol without what compilers add to it; of C++ also without parameters and marks of clones, as perf and
/// pprof show them.
pub(super) fn demangled(raw: &str) -> String {
    let name = readable(raw);
    name.split_once(" [clone ").map_or(&*name, |(name, _)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_perf_and_pprof_show() {
        let check = |raw: &str, expect: &str| assert_eq!(demangled(raw), expect);
        check("main", "main");
        check("work.constprop.0", "work.constprop.0");
        check("_ZN4llvm13FPPassManager13runOnFunctionERNS_8FunctionE", "llvm::FPPassManager::runOnFunction");
        check(
            "_ZN12_GLOBAL__N_116RegAllocFastImpl20runOnMachineFunctionERN4llvm15MachineFunctionE",
            "(anonymous namespace)::RegAllocFastImpl::runOnMachineFunction",
        );
        check("_ZN3app4workEi.cold", "app::work");
        check("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back");
        check("_ZN3foo3bar17h05af221e174051e9E", "foo::bar");
        check("_RNvCskwGfYPst2Cb_3foo3bar", "foo::bar");
        check("_ZN", "_ZN");
    }
}
