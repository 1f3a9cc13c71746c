"""One file, one verb of ``edge``.  What each must be:

    SUMMARY     one sentence, above the options in --help
    EXAMPLES    command lines with a comment each, below them
    add_arguments(parser)            its own options
    run(options, screen) -> int      the exit code; the caller prints errors of `edge.errors`

A verb whose name is a Python word or the name of another room keeps it: nobody imports it by hand.
"""
