"""Meshes as files: OBJ (text), PLY (binary, little endian) and GLB (binary glTF 2.0), with normals at the vertices."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

MESH_ENDINGS = (".obj", ".ply", ".glb")


def write_mesh(
    path: Path, vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, facts: Mapping[str, str]
) -> None:
    """A mesh in the form that the ending of `path`, one of `MESH_ENDINGS`, names, saying `facts` of its origin within.

    vertices: [V, 3] x, y, z with z up. faces: [F, 3] of vertices, anticlockwise seen from outside. normals: [V, 3] of
    length 1, outward. GLB has y up by its specification, so axes are turned there. Without faces a file holds none.
    """
    form = {".obj": _obj, ".ply": _ply, ".glb": _glb}[path.suffix]
    path.write_bytes(form(vertices.astype("<f4"), faces.astype("<i4"), normals.astype("<f4"), _lines(facts)))


def _lines(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in facts.items()}


def _obj(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, facts: Mapping[str, str]) -> bytes:
    lines = [f"# {name}: {text}" for name, text in facts.items()]
    lines += [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in vertices.tolist()]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in normals.tolist()]
    lines += [f"f {a}//{a} {b}//{b} {c}//{c}" for a, b, c in (faces + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


def _ply(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, facts: Mapping[str, str]) -> bytes:
    head = ["ply", "format binary_little_endian 1.0", *(f"comment {name}: {text}" for name, text in facts.items())]
    head += [f"element vertex {len(vertices)}", *(f"property float {name}" for name in ("x", "y", "z"))]
    head += [*(f"property float {name}" for name in ("nx", "ny", "nz")), f"element face {len(faces)}"]
    head += ["property list uchar int vertex_indices", "end_header", ""]
    rows = np.empty(len(faces), [("count", "u1"), ("corners", "<i4", 3)])
    rows["count"], rows["corners"] = 3, faces
    body = np.concatenate((vertices, normals), 1).tobytes() + rows.tobytes()
    return "\n".join(head).encode("ascii", "backslashreplace") + body


def _glb(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, facts: Mapping[str, str]) -> bytes:
    scene: dict[str, Any] = {"asset": {"version": "2.0", "generator": "saddlepoint", "extras": dict(facts)}}
    scene |= {"scene": 0, "scenes": [{}]}
    body = b""
    if len(faces):
        turned = [np.stack((each[:, 0], each[:, 2], -each[:, 1]), 1).astype("<f4") for each in (vertices, normals)]
        parts = [turned[0].tobytes(), turned[1].tobytes(), faces.astype("<u4").tobytes()]
        starts = np.cumsum([0, *map(len, parts)]).tolist()
        body = b"".join(parts)
        accessors: list[dict[str, Any]] = [
            {"bufferView": 0, "componentType": 5126, "count": len(vertices), "type": "VEC3"},
            {"bufferView": 1, "componentType": 5126, "count": len(normals), "type": "VEC3"},
            {"bufferView": 2, "componentType": 5125, "count": 3 * len(faces), "type": "SCALAR"},
        ]
        accessors[0] |= {"min": turned[0].min(0).tolist(), "max": turned[0].max(0).tolist()}
        scene |= {
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2}]}],
            "accessors": accessors,
            "bufferViews": [
                {"buffer": 0, "byteOffset": start, "byteLength": len(part), "target": target}
                for start, part, target in zip(starts, parts, (34962, 34962, 34963))
            ],
            "buffers": [{"byteLength": len(body)}],
        }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if body:
        chunks += struct.pack("<I4s", len(body), b"BIN\0") + body
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
