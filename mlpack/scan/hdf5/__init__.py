"""Walks an HDF5 file without its C library, which damaged files crash, and refuses what reaches out of the file.

Format: HDF5 File Format Specification 3.0. Read is what h5py writes by default and what ``libver="latest"`` writes for
small groups; groups of many links in the newest layout (fractal heaps) are not.
"""

from mlpack.scan.hdf5.walk import Contents, is_hdf5, read_hdf5

__all__ = ["Contents", "is_hdf5", "read_hdf5"]
