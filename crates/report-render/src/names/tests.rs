use super::*;

#[test]
fn each_language_has_a_ladder() {
    let check = |name: &str, expect: &[&str]| assert_eq!(forms(name)[1..], *expect, "{name}");
    check("main.main", &["main"]);
    check("runtime.mallocgc", &["mallocgc"]);
    check("net/http.(*conn).serve", &["http.(*conn).serve", "(*conn).serve", "serve"]);
    check(
        "github.com/grpc-ecosystem/go-grpc-middleware.ChainUnaryServer.func1.1.1",
        &[
            "grpc-ecosystem/go-grpc-middleware.ChainUnaryServer.func1.1.1",
            "go-grpc-middleware.ChainUnaryServer.func1.1.1",
            "ChainUnaryServer.func1.1.1",
        ],
    );
    check("sync.(*Pool[go.shape.struct { a/b.C }]).Get", &["(*Pool[go.shape.struct { a/b.C }]).Get", "Get"]);
    check("main.glob..func1", &["glob..func1"]);
    check(
        "<alloc::vec::Vec<T,A> as core::ops::deref::Deref>::deref",
        &["alloc::vec::Vec::deref", "vec::Vec::deref", "Vec::deref", "deref"],
    );
    check(
        "tokio::runtime::task::harness::Harness<T,S>::poll",
        &[
            "tokio::runtime::task::harness::Harness::poll",
            "runtime::task::harness::Harness::poll",
            "task::harness::Harness::poll",
            "harness::Harness::poll",
            "Harness::poll",
            "poll",
        ],
    );
    check("api::handle::{{closure}}::{{closure}}", &["handle::{{closure}}::{{closure}}"]);
    check("core::slice::<impl [T]>::sort", &["core::slice::sort", "slice::sort", "sort"]);
    check(
        "void std::__1::vector<int, std::__1::allocator<int>>::push_back(int&&)",
        &["std::__1::vector::push_back", "__1::vector::push_back", "vector::push_back", "push_back"],
    );
    check("(anonymous namespace)::Parser::next()", &["Parser::next", "next"]);
    check("a::b::operator<", &["b::operator<", "operator<"]);
    check(
        "java.util.concurrent.ThreadPoolExecutor$Worker.run",
        &[
            "util.concurrent.ThreadPoolExecutor$Worker.run",
            "concurrent.ThreadPoolExecutor$Worker.run",
            "ThreadPoolExecutor$Worker.run",
            "run",
        ],
    );
    check(
        "java/util/HashMap.put(Ljava/lang/Object;)V",
        &["java/util/HashMap.put", "util/HashMap.put", "HashMap.put", "put"],
    );
    check("parse (app/json.py:12)", &["parse"]);
    check("processTicksAndRejections node:internal/process/task_queues:95", &["processTicksAndRejections"]);
    check("LazyCompile:*render /srv/app/view.js:3:7", &["render"]);
    check("do_syscall_64_[k]", &["do_syscall_64"]);
    check("malloc", &[]);
    check("<module>", &[]);
    check("{job=\"a.b/c\"}", &[]);
    check("", &[]);
}

#[test]
fn what_linkers_wrote_is_undone() {
    let check = |name: &str, expect: &[&str]| assert_eq!(forms(name), *expect);
    check(
        "_ZN4core3ptr13drop_in_place17h0123456789abcdefE",
        &["core::ptr::drop_in_place", "ptr::drop_in_place", "drop_in_place"],
    );
    check(
        "_ZNSt6vectorIiSaIiEE9push_backEOi",
        &[
            "std::vector<int, std::allocator<int> >::push_back",
            "std::vector::push_back",
            "vector::push_back",
            "push_back",
        ],
    );
    check("_RNvCskwGfYPst2Cb_3foo16example_function", &["foo::example_function", "example_function"]);
    check("_Znot_a_symbol", &["_Znot_a_symbol"]);
}

#[test]
fn a_narrow_place_shows_the_function_and_not_its_path() {
    let check = |columns: usize, expect: &str| {
        assert_eq!(fitting("google.golang.org/grpc.(*Server).handleStream", columns), expect);
    };
    check(80, "google.golang.org/grpc.(*Server).handleStream");
    check(30, "grpc.(*Server).handleStream");
    check(25, "(*Server).handleStream");
    check(12, "handleStream");
    check(8, "handleS…");
    assert_eq!(words::columns(&fitting("a\u{202e}b.c", 4)), 4);
}

#[test]
fn functions_belong_to_something() {
    let check = |name: &str, file: &str, binary: &str, expect: &str| {
        assert_eq!(package(name, file, binary), expect, "{name} {file}");
    };
    check("google.golang.org/grpc.(*Server).serve", "/go/server.go", "", "google.golang.org/grpc");
    check("gopkg.in/yaml%2ev3.(*Decoder).Decode", "d.go", "", "gopkg.in/yaml.v3");
    check("runtime.mallocgc", "", "", "runtime");
    check("<alloc::vec::Vec<T> as core::ops::Deref>::deref", "x.rs", "", "alloc");
    check("std::vector<int>::push_back(int)", "", "", "std");
    check("java.util.HashMap.put", "HashMap.java", "", "java.util");
    check("parse", "/usr/lib/python3.11/json/decoder.py", "", "python");
    check("get", "/venv/lib/python3.11/site-packages/requests/api.py", "", "requests");
    check("render", "/app/node_modules/@scope/view/index.js", "", "@scope/view");
    check("do_syscall_64", "", "[kernel.kallsyms]", "kernel");
    check("malloc", "malloc.c", "/usr/lib/libc.so.6", "libc.so.6");
    check("malloc", "", "/usr/lib/libc.so.6", "libc.so.6");
    check("", "", "", "");
    assert!(is_system("libc.so.6") && is_system("runtime") && !is_system("main"));
}

proptest::proptest! {
    #[test]
    fn no_name_is_too_odd(name in "\\PC{0,40}", mangled in "_Z[A-Z0-9a-z_<>:.(]{0,30}", columns in 0_usize..30) {
        for name in [&name, &mangled] {
            let forms = forms(name);
            proptest::prop_assert!(forms.windows(2).all(|pair| pair[1].len() < pair[0].len()));
            proptest::prop_assert!(words::columns(&fitting(name, columns)) <= columns);
            package(name, name, name);
        }
    }
}
