// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IVoluntaryPledges} from "./interfaces/IVoluntaryPledges.sol";
import {CivilDays} from "./lib/CivilDays.sol";
import {Signatures} from "./lib/Signatures.sol";

/// @title Voluntary pledges
/// @notice See {IVoluntaryPledges}.
contract VoluntaryPledges is IVoluntaryPledges, EIP712 {
    using Signatures for address;

    /// @notice EIP-712 type of a pledge.
    bytes32 public constant PLEDGE_TYPEHASH = keccak256(
        "Pledge(uint256 association,uint8 kind,bytes32 documentHash,bytes32 scopeHash,uint32 publicUntil)"
    );
    /// @notice EIP-712 type by which a pledger takes its pledge back.
    bytes32 public constant PLEDGE_WITHDRAWAL_TYPEHASH = keccak256("PledgeWithdrawal(uint256 pledgeId)");

    /// @notice Who the members are.
    IConsortium public immutable consortium;

    /// @inheritdoc IVoluntaryPledges
    uint256 public pledgeCount;
    mapping(uint256 pledgeId => PledgeView) private _pledges;
    /// @dev By association: none can take up a document seen in a pending transaction of another.
    mapping(uint256 association => mapping(bytes32 documentHash => uint256 pledgeId)) private _ofDocument;
    mapping(uint256 pledgeId => mapping(uint256 observer => mapping(bytes32 observationHash => bool)))
        private _observed;

    /// @notice Binds the pledges to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) EIP712("CreditLedger", "1") {
        consortium = consortium_;
    }

    /// @inheritdoc IVoluntaryPledges
    function publish(
        Kind kind,
        address pledger,
        bytes32 documentHash,
        bytes32 scopeHash,
        uint32 publicUntil,
        bytes calldata signature
    ) external returns (uint256 pledgeId) {
        uint256 association = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(association);
        if (role != IConsortium.Role.Association) revert NotAnAssociation(association);
        if (kind == Kind.None) revert InvalidKind();
        if (documentHash == bytes32(0)) revert InvalidHash("documentHash");
        if (scopeHash == bytes32(0)) revert InvalidHash("scopeHash");
        uint32 today = CivilDays.today();
        if (publicUntil < today) revert InvalidPublicUntil(publicUntil, today);
        _requireSignedBy(
            pledger,
            keccak256(abi.encode(PLEDGE_TYPEHASH, association, kind, documentHash, scopeHash, publicUntil)),
            signature
        );
        uint256 known = _ofDocument[association][documentHash];
        if (known != 0) revert PledgeKnown(documentHash, known);

        pledgeId = ++pledgeCount;
        _ofDocument[association][documentHash] = pledgeId;
        _pledges[pledgeId] = PledgeView({
            association: association,
            kind: kind,
            pledger: pledger,
            documentHash: documentHash,
            scopeHash: scopeHash,
            publicUntil: publicUntil,
            publishedAt: uint64(block.timestamp),
            withdrawnAt: 0,
            observations: 0
        });
        emit PledgePublished(pledgeId, association, kind, pledger, documentHash, scopeHash, publicUntil);
    }

    /// @inheritdoc IVoluntaryPledges
    function withdraw(uint256 pledgeId, bytes calldata signature) external {
        PledgeView storage p = _known(pledgeId);
        _requireSignedBy(p.pledger, keccak256(abi.encode(PLEDGE_WITHDRAWAL_TYPEHASH, pledgeId)), signature);
        _requireStanding(pledgeId, p);
        p.withdrawnAt = uint64(block.timestamp);
        emit PledgeWithdrawn(pledgeId, p.association);
    }

    /// @inheritdoc IVoluntaryPledges
    function observe(uint256 pledgeId, bytes32 observationHash) external {
        uint256 observer = consortium.requireOperator(msg.sender);
        PledgeView storage p = _known(pledgeId);
        if (observer == p.association) revert OwnPledge(pledgeId, observer);
        _requireStanding(pledgeId, p);
        if (observationHash == bytes32(0)) revert InvalidHash("observationHash");
        if (_observed[pledgeId][observer][observationHash]) {
            revert ObservationKnown(pledgeId, observer, observationHash);
        }
        _observed[pledgeId][observer][observationHash] = true;
        ++p.observations;
        emit PledgeObserved(pledgeId, observer, observationHash);
    }

    /// @inheritdoc IVoluntaryPledges
    function pledge(uint256 pledgeId) external view returns (PledgeView memory) {
        return _pledges[pledgeId];
    }

    function _known(uint256 pledgeId) private view returns (PledgeView storage p) {
        p = _pledges[pledgeId];
        if (p.association == 0) revert UnknownPledge(pledgeId);
    }

    function _requireStanding(uint256 pledgeId, PledgeView storage p) private view {
        if (p.withdrawnAt != 0) revert PledgeIsWithdrawn(pledgeId, p.withdrawnAt);
    }

    function _requireSignedBy(address pledger, bytes32 structHash, bytes calldata signature) private view {
        address signer = Signatures.signerOf(_hashTypedDataV4(structHash), signature);
        if (!signer.isBy(pledger)) revert WrongPledgerSignature(signer, pledger);
    }
}
