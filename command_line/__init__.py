"""What all scripts share on the command line: error lines, exit codes, checks of arguments.

Scripts import this package before anything else, because the other imports take more than a second, during
which a user may press Ctrl-C. Until the imports are done and `one_line_errors` is applied, that ends the
process at once.
"""

# The module behind `signal`, which would itself import for a while.
import _signal

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
