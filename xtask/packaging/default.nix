{ pkgs ? import <nixpkgs> { } }:
pkgs.rustPlatform.buildRustPackage {
  pname = "mixd";
  version = "0.1.0";
  src = pkgs.lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  nativeBuildInputs = [ pkgs.pkg-config pkgs.rustPlatform.bindgenHook ];
  buildInputs = [ pkgs.pipewire ];

  # cargo xtask builds what it installs.
  dontCargoBuild = true;
  installPhase = ''
    runHook preInstall
    DESTDIR= cargo xtask install --prefix $out
    rm $out/share/doc/mixd/installed
    runHook postInstall
  '';
  # Loaded when the window is opened.
  postFixup = ''
    patchelf --add-rpath ${pkgs.lib.makeLibraryPath (with pkgs; [
      libxkbcommon wayland xorg.libX11 xorg.libXcursor xorg.libXi
    ])} $out/bin/mixview
  '';
  checkPhase = "cargo test --offline --locked -p wire -p mixctl --lib --bins";

  meta = {
    description = "Crossfade two groups of programs with one value, for PipeWire";
    license = with pkgs.lib.licenses; [ mit ofl ];
    platforms = pkgs.lib.platforms.linux;
    mainProgram = "mixctl";
  };
}
