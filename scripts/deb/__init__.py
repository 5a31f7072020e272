"""Makes the Debian package: wheels of other processors and Pythons, one tree, dpkg-deb."""
