# SPDX-License-Identifier: Apache-2.0
"""What users see, with real Envoys: one file per feature."""
