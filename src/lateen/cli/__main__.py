# SPDX-License-Identifier: Apache-2.0
"""`python -m lateen.cli`: the same as the command `lateen`."""

from lateen.cli.main import main

main(prog_name="lateen")
