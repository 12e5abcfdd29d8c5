"""What all scripts share on the command line: error lines, exit codes, checks of arguments."""
