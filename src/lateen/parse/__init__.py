# SPDX-License-Identifier: Apache-2.0
"""Documents to objects of the model, or Diagnostics.

`documents` reads a file's text, `from_mapping` one object as an API server has it, `mesh_config` the settings of the
mesh. Nothing here raises for bad input, and one bad object never spoils another.
"""

from lateen.parse.decode.encode import to_mapping
from lateen.parse.document import Parsed, ParseResult, documents, from_mapping
from lateen.parse.files import first_wins
from lateen.parse.mesh import default_mesh_config, mesh_config, mesh_config_of, proxy_defaults
from lateen.parse.text.source import Source

__all__ = [
    "ParseResult",
    "Parsed",
    "Source",
    "default_mesh_config",
    "documents",
    "first_wins",
    "from_mapping",
    "mesh_config",
    "mesh_config_of",
    "proxy_defaults",
    "to_mapping",
]
